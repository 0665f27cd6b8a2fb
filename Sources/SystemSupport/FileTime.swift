// SPDX-License-Identifier: MIT

private import Glibc
public import SystemPackage

/// When a file was last changed, on the clock of the machine that holds its file system.
///
/// To be compared with another file's time on the same file system only, which was changed just now.
public struct FileTime: Comparable, Sendable {
    private let seconds: Int
    private let nanoseconds: Int

    /// Asks for a file's time; links are not followed.
    public init(of file: FilePath) throws(FileError) {
        let status = try LocalFileSystem().askingAgain(for: file) { () throws(FileError) in
            var status = stat()
            guard unsafe lstat(file.string, &status) == 0 else {
                throw FileError("look at", file, Errno(rawValue: Glibc.errno))
            }
            return status
        }
        seconds = status.st_mtim.tv_sec
        nanoseconds = status.st_mtim.tv_nsec
    }

    /// The time from this one to a later one.
    public func duration(to later: FileTime) -> Duration {
        .seconds(later.seconds - seconds) + .nanoseconds(later.nanoseconds - nanoseconds)
    }

    /// Whether one time is before another.
    public static func < (left: FileTime, right: FileTime) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }
}

/// How many bytes a file takes, or a folder with all below it; links are not followed.
///
/// What vanishes meanwhile, or cannot be looked at, counts nothing.
public func byteCount(ofTree path: FilePath) -> Int {
    var status = stat()
    guard unsafe lstat(path.string, &status) == 0 else { return 0 }
    guard status.st_mode & S_IFMT == S_IFDIR else { return Int(status.st_blocks) * 512 }
    let names = (try? LocalFileSystem().names(in: path)) ?? []
    return names.reduce(0) { $0 + byteCount(ofTree: path.appending($1)) }
}
