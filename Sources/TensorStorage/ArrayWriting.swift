// SPDX-License-Identifier: MIT

public import SystemPackage
private import SystemSupport

/// Writes a whole array of single or half precision into a directory that must not exist yet.
public func writeArray(
    _ values: Span<Float>,
    _ metadata: ArrayMetadata,
    to directory: FilePath
) throws {
    let fileSystem = LocalFileSystem()
    precondition(values.count == metadata.shape.reduce(1, *), "the shape fits the values")
    try fileSystem.makeDirectory(directory)
    var codec = try ChunkCodec(metadata)
    try forEachPosition(in: metadata.shardGrid) { shard in
        let path = directory.pushing(FilePath(metadata.key(ofShard: shard)))
        try fileSystem.makeDirectories(path.removingLastComponent())
        if metadata.shardShape == nil {
            let bytes = try encodedChunk(shard, of: values, metadata, &codec)
            try fileSystem.create(path, contents: bytes, durably: true)
        } else {
            var writer = try ShardWriter(creating: path, for: metadata)
            try forEachPosition(in: metadata.chunksPerShard) { inner in
                let chunk = metadata.shape.indices.map { shard[$0] * metadata.chunksPerShard[$0] + inner[$0] }
                if gridNumber(chunk, in: metadata.chunkGrid) == nil { return }
                try writer.append(encodedChunk(chunk, of: values, metadata, &codec), at: inner)
            }
            _ = try writer.finish()
        }
    }
    try fileSystem.create(directory.appending("zarr.json"), contents: metadata.encoded, durably: true)
}

/// Cuts a chunk out of an array, filled up with NaN beyond the array's end, and encodes it.
private func encodedChunk(
    _ coordinates: [Int],
    of values: Span<Float>,
    _ metadata: ArrayMetadata,
    _ codec: inout ChunkCodec
) throws(ChunkError) -> [UInt8] {
    var chunk = [Float](repeating: .nan, count: metadata.chunkElementCount)
    forEachRow(ofChunk: coordinates, metadata) { (inChunk, inArray, count) in
        for index in 0..<count { chunk[inChunk + index] = values[inArray + index] }
    }
    var bytes: [UInt8] = []
    try codec.encode(chunk.span, appendingTo: &bytes)
    return bytes
}
