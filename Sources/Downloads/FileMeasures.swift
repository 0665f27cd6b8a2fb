// SPDX-License-Identifier: MIT

private import Glibc
internal import SystemPackage
internal import SystemSupport

/// The bytes of a file; nil where there is none, or no file.
func fileSize(_ path: FilePath) -> Int? {
    // An open makes a machine ask a file server how long the file is by now, which a look at its name need not; but
    // another user's file may be closed to this one.
    let descriptor = try? LocalFileSystem().open(toRead: path, options: .noFollow)
    defer { try? descriptor?.close() }
    var status = stat()
    guard unsafe lstat(path.string, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(status.st_size)
}

/// The first bytes of a file.
func beginning(of path: FilePath, count: Int) throws(FileError) -> [UInt8] {
    var bytes: [UInt8] = []
    try unsafe forEachPart(of: path, bufferSize: count) { part in
        unsafe bytes = Array(part)
        return false
    }
    return bytes
}
