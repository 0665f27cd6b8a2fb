// SPDX-License-Identifier: MIT

private import Glibc
internal import SystemPackage
internal import SystemSupport

/// The bytes of a file; nil where there is none, or no file.
func fileSize(_ path: FilePath) -> Int? {
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

/// The digest of a file.
func digest(of path: FilePath) throws(FileError) -> ContentDigest {
    var hasher = ContentDigest.Hasher()
    try unsafe forEachPart(of: path, bufferSize: 1 << 20) { part in
        unsafe hasher.update(part)
        return true
    }
    return hasher.finalize()
}

/// Reads a file from its start, until its end or until nobody wants more.
private func forEachPart(
    of path: FilePath,
    bufferSize: Int,
    _ body: (UnsafeRawBufferPointer) -> Bool
) throws(FileError) {
    let file = unsafe open(path.string, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
    guard file >= 0 else { throw FileError("read", path, Errno(rawValue: errno)) }
    defer { close(file) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferSize, alignment: 16)
    defer { unsafe buffer.deallocate() }
    while true {
        let count = unsafe read(file, buffer.baseAddress, bufferSize)
        if count == 0 { return }
        guard count > 0 else {
            let failure = Errno(rawValue: errno)
            if failure == .interrupted { continue }
            throw FileError("read", path, failure)
        }
        guard unsafe body(UnsafeRawBufferPointer(rebasing: buffer[..<count])) else { return }
    }
}
