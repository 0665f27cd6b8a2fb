// SPDX-License-Identifier: MIT

private import Glibc
public import SystemPackage

extension ContentDigest {
    /// Computes the digest of a file, however large, of which a megabyte at a time is in memory.
    ///
    /// - Throws: `FileError` where it cannot be read; a link is not followed.
    public init(ofFile path: FilePath) throws(FileError) {
        var hasher = Hasher()
        try unsafe forEachPart(of: path, bufferSize: 1 << 20) { part in
            unsafe hasher.update(part)
            return true
        }
        self = hasher.finalize()
    }
}

/// Reads a file from its start, until its end or until nobody wants more.
///
/// - Throws: `FileError` where it cannot be read; a link is not followed.
public func forEachPart(
    of path: FilePath,
    bufferSize: Int,
    _ body: (UnsafeRawBufferPointer) -> Bool
) throws(FileError) {
    let descriptor = try LocalFileSystem().open(toRead: path, options: .noFollow)
    defer { try? descriptor.close() }
    let file = descriptor.rawValue
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
