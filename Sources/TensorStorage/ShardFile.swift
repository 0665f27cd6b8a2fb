// SPDX-License-Identifier: MIT

internal import SystemPackage
private import SystemSupport

/// An open file of chunks, closed when the last reader lets go of it.
final class ShardFile: Sendable {
    let path: FilePath
    let size: Int
    private let descriptor: FileDescriptor
    private let index: ShardIndex?

    /// Opens a file, and reads its index where it is a shard.
    init(opening path: FilePath, of metadata: ArrayMetadata) throws {
        self.path = path
        do {
            descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
        } catch Errno.noSuchFileOrDirectory {
            throw ShardError(file: path, chunk: nil, reason: .missingFile)
        } catch {
            throw FileError("open", path, error as? Errno ?? .ioError)
        }
        do {
            size = try Int(descriptor.seek(offset: 0, from: .end))
            index = try Self.readIndex(descriptor, path, size, metadata)
        } catch {
            try? descriptor.close()
            throw error
        }
    }

    deinit { try? descriptor.close() }

    private static func readIndex(
        _ descriptor: FileDescriptor,
        _ path: FilePath,
        _ size: Int,
        _ metadata: ArrayMetadata
    ) throws -> ShardIndex? {
        if metadata.shardShape == nil { return nil }
        let length = ShardIndex.byteCount(chunkCount: metadata.chunksPerShard.reduce(1, *))
        guard size >= length else {
            throw ShardError(file: path, chunk: nil, reason: .truncated(expected: length, actual: size))
        }
        var bytes: [UInt8] = []
        try read(descriptor, path, offset: metadata.indexAtEnd ? size - length : 0, count: length, into: &bytes)
        guard let index = ShardIndex(decoding: bytes) else {
            throw ShardError(file: path, chunk: nil, reason: .indexChecksumMismatch)
        }
        return index
    }

    /// Where a chunk lies; the whole file where it is no shard.
    func place(ofChunk number: Int, at coordinates: [Int]) throws(ShardError) -> (offset: Int, count: Int) {
        guard let index else { return (0, size) }
        if index.isMissing(number) { throw ShardError(file: path, chunk: coordinates, reason: .missingChunk) }
        let place = index.places[number]
        let (end, overflow) = place.offset.addingReportingOverflow(place.count)
        guard !overflow, end <= UInt64(size) else {
            let expected = overflow ? Int.max : Int(clamping: end)
            throw ShardError(file: path, chunk: coordinates, reason: .truncated(expected: expected, actual: size))
        }
        return (Int(place.offset), Int(place.count))
    }

    /// Reads a part of the file, leaving its position alone, into bytes that are reused.
    func read(offset: Int, count: Int, into bytes: inout [UInt8]) throws {
        try Self.read(descriptor, path, offset: offset, count: count, into: &bytes)
    }

    private static func read(
        _ descriptor: FileDescriptor,
        _ path: FilePath,
        offset: Int,
        count: Int,
        into bytes: inout [UInt8]
    ) throws {
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
