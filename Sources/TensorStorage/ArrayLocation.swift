// SPDX-License-Identifier: MIT

internal import SystemPackage
private import SystemSupport

/// Where the files of an array are: a folder on disk, or an address.
protocol ArrayLocation: Sendable {
    /// The folder or address, for messages.
    var place: String { get }

    /// How many chunks are best read at once.
    var inFlight: Int { get }

    /// A file below it, for messages.
    func fullName(of name: String) -> String

    /// The bytes of a small file; throws `ShardError.missingFile` where it is not there.
    func contents(of name: String, limit: Int) throws -> [UInt8]

    /// Opens a file of chunks; throws `ShardError.missingFile` where it is not there.
    func open(_ name: String) throws -> any ShardSource
}

/// The bytes of one file of chunks; any number of threads may read them.
protocol ShardSource: Sendable {
    /// The file's path or address, for messages.
    var place: String { get }

    /// How many bytes it has.
    func byteCount() throws -> Int

    /// Reads a part into bytes that are reused; throws `ShardError.truncated` where the file is shorter.
    func read(offset: Int, count: Int, into bytes: inout [UInt8]) throws
}

/// A folder of shards on disk.
struct ArrayFolder: ArrayLocation {
    let path: FilePath
    /// Whether a user named it, so that links in it lead where the user may read.
    var isUsers = false

    var place: String { path.string }

    func fullName(of name: String) -> String { path.pushing(FilePath(name)).string }

    /// A disk gains nothing by more.
    var inFlight: Int { 1 }

    func contents(of name: String, limit: Int) throws -> [UInt8] {
        let file = path.pushing(FilePath(name))
        do throws(FileError) {
            guard isUsers else { return try LocalFileSystem().contents(of: file, limit: limit) }
            return try LocalFileSystem().contents(ofUserFile: file, limit: limit)
        } catch {
            guard error.errno == .noSuchFileOrDirectory else { throw error }
            throw ShardError(file: file, chunk: nil, reason: .missingFile)
        }
    }

    func open(_ name: String) throws -> any ShardSource {
        try ShardOnDisk(opening: path.pushing(FilePath(name)))
    }
}

/// An open file of chunks, closed when the last reader lets go of it.
final class ShardOnDisk: ShardSource {
    private let path: FilePath
    private let descriptor: FileDescriptor

    init(opening path: FilePath) throws {
        self.path = path
        do throws(FileError) {
            descriptor = try LocalFileSystem().open(toRead: path)
        } catch {
            guard error.errno == .noSuchFileOrDirectory else { throw error }
            throw ShardError(file: path, chunk: nil, reason: .missingFile)
        }
    }

    deinit { try? descriptor.close() }

    var place: String { path.string }

    func byteCount() throws -> Int {
        do {
            return try Int(descriptor.seek(offset: 0, from: .end))
        } catch {
            throw FileError("read", path, error as? Errno ?? .ioError)
        }
    }

    func read(offset: Int, count: Int, into bytes: inout [UInt8]) throws {
        if bytes.count > count { bytes.removeLast(bytes.count - count) }
        if bytes.count < count { bytes += [UInt8](repeating: 0, count: count - bytes.count) }
        var filled = 0
        while filled < count {
            let read: Int
            do {
                read = try unsafe bytes.withUnsafeMutableBytes { buffer in
                    try unsafe descriptor.read(
                        fromAbsoluteOffset: Int64(offset + filled),
                        into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
                    )
                }
            } catch {
                throw FileError("read", path, error as? Errno ?? .ioError)
            }
            if read == 0 {
                throw ShardError(file: path, chunk: nil, reason: .truncated(expected: count, actual: filled))
            }
            filled += read
        }
    }
}
