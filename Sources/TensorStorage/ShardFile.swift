// SPDX-License-Identifier: MIT

/// A file of chunks, and where in it each lies.
final class ShardFile: Sendable {
    let source: any ShardSource
    let size: Int
    private let index: ShardIndex?

    /// Takes an open file, and reads its index where it is a shard.
    init(_ source: any ShardSource, of metadata: ArrayMetadata) throws {
        self.source = source
        size = try source.byteCount()
        index = try Self.readIndex(source, size, metadata)
    }

    var place: String { source.place }

    private static func readIndex(
        _ source: any ShardSource,
        _ size: Int,
        _ metadata: ArrayMetadata
    ) throws -> ShardIndex? {
        if metadata.shardShape == nil { return nil }
        let length = ShardIndex.byteCount(chunkCount: metadata.chunksPerShard.reduce(1, *))
        guard size >= length else {
            throw ShardError(file: source.place, chunk: nil, reason: .truncated(expected: length, actual: size))
        }
        var bytes: [UInt8] = []
        try source.read(offset: metadata.indexAtEnd ? size - length : 0, count: length, into: &bytes)
        guard let index = ShardIndex(decoding: bytes) else {
            throw ShardError(file: source.place, chunk: nil, reason: .indexChecksumMismatch)
        }
        return index
    }

    /// Where a chunk lies; the whole file where it is no shard.
    func extent(ofChunk number: Int, at coordinates: [Int]) throws(ShardError) -> (offset: Int, count: Int) {
        guard let index else { return (0, size) }
        if index.isMissing(number) { throw ShardError(file: place, chunk: coordinates, reason: .missingChunk) }
        let bytes = index.places[number]
        let (end, overflow) = bytes.offset.addingReportingOverflow(bytes.count)
        guard !overflow, end <= UInt64(size) else {
            let expected = overflow ? Int.max : Int(clamping: end)
            throw ShardError(file: place, chunk: coordinates, reason: .truncated(expected: expected, actual: size))
        }
        return (Int(bytes.offset), Int(bytes.count))
    }
}
