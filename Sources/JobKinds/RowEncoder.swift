// SPDX-License-Identifier: MIT

internal import TensorStorage
private import WorkerRuntime

/// Cuts rows of an array, an image's activations each, into chunks and compresses them; one thread owns it.
struct RowEncoder: ~Copyable {
    private let layer: String
    private let chunksPerRow: Int
    private var codec: ChunkCodec
    /// A chunk that reaches beyond the array.
    private var chunk: [Float]

    init(_ metadata: ArrayMetadata, layer: String) throws {
        self.layer = layer
        chunksPerRow = metadata.chunksPerShard[1]
        codec = try ChunkCodec(metadata)
        chunk = [Float](repeating: .nan, count: metadata.chunkElementCount)
    }

    /// The chunks of a row, in order.
    ///
    /// - Throws: `JobFailure.failed` for a number that the array's type cannot hold.
    mutating func encode(_ row: Span<Float>) throws -> [[UInt8]] {
        do {
            return try compress(row)
        } catch ChunkError.overflow(let value) {
            throw JobFailure.failed(
                code: "overflow",
                message: "\(layer): \(value) is too large for float16; "
                    + "write \"arrays: {dtype: float32}\" in the campaign"
            )
        }
    }

    private mutating func compress(_ row: Span<Float>) throws -> [[UInt8]] {
        let width = chunk.count
        var chunks: [[UInt8]] = []
        for start in stride(from: 0, to: chunksPerRow * width, by: width) {
            let end = min(start + width, row.count)
            var bytes: [UInt8] = []
            if end - start == width {
                try codec.encode(row.extracting(start..<end), appendingTo: &bytes)
            } else {
                var last = chunk
                for place in 0..<max(0, end - start) { last[place] = row[start + place] }
                try codec.encode(last.span, appendingTo: &bytes)
            }
            chunks.append(bytes)
        }
        return chunks
    }
}
