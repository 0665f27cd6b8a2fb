// SPDX-License-Identifier: MIT

private import JobStorage
internal import Networks
private import Synchronization
internal import SystemPackage
internal import SystemSupport
internal import TensorStorage
internal import WorkerRuntime

/// One layer's shard while it is being written.
final class LayerShard: Sendable {
    let layer: Layer
    let metadata: ArrayMetadata
    /// The array's address.
    let array: ContentDigest
    /// Where the shard will be.
    let path: FilePath
    private let writer = Mutex(OpenShard())

    private struct OpenShard: ~Copyable {
        var draft: FilePath?
        var writer: ShardWriter?
    }

    init(layer: Layer, metadata: ArrayMetadata, array: ContentDigest, path: FilePath) {
        self.layer = layer
        self.metadata = metadata
        self.array = array
        self.path = path
    }

    /// The number of chunks of one image.
    var chunksPerImage: Int { metadata.chunksPerShard[1] }

    func open(in scratch: FilePath) throws {
        let draft = scratch.appending("\(layer.name).shard")
        try writer.withLock { open in
            open.writer = try ShardWriter(creating: draft, for: metadata)
            open.draft = draft
        }
    }

    /// Appends an image's chunks, encoded one after the other.
    func append(_ chunks: [[UInt8]], row: Int) throws {
        try writer.withLock { open in
            for (index, chunk) in chunks.enumerated() {
                let rest = [Int](repeating: 0, count: metadata.shape.count - 2)
                try open.writer?.append(chunk, at: [row, index] + rest)
            }
        }
    }

    /// Removes what was written.
    func abandon() {
        writer.withLock { $0.writer = nil }
    }

    /// Syncs the shard and gives it its name.
    func finish(with files: ArrayFiles) throws -> WrittenFile {
        let (draft, written) = try writer.withLock { open in
            guard let draft = open.draft, let writer = open.writer.take() else {
                throw JobFailure.failed(code: "internal", message: "the shard of \(layer.name) was not open")
            }
            return (draft, try writer.finish())
        }
        return try files.place(draft, written, at: path, in: files.context.directory.array(array), of: metadata)
    }
}

/// One thread's codec and output for one layer.
final class LayerEncoder {
    let shard: LayerShard
    private var codec: ChunkCodec
    private var plain: [Float]
    private var chunk: [Float]
    private var images: [[[UInt8]]] = []

    init(_ shard: LayerShard) throws {
        self.shard = shard
        codec = try ChunkCodec(shard.metadata)
        plain = [Float](repeating: 0, count: shard.layer.featureCount)
        chunk = [Float](repeating: .nan, count: shard.metadata.chunkElementCount)
    }

    /// Compresses the layer's output for the first images of a batch, in place of the batch before.
    func encode(_ output: LayerOutput, images count: Int) throws {
        do {
            try compress(output, images: count)
        } catch ChunkError.overflow(let value) {
            throw overflow(value, in: shard.layer.name)
        }
    }

    private func compress(_ output: LayerOutput, images count: Int) throws {
        images.removeAll(keepingCapacity: true)
        // Locals, since a class's own arrays cannot lend spans.
        var (plain, chunk) = (self.plain, self.chunk)
        (self.plain, self.chunk) = ([], [])
        defer { (self.plain, self.chunk) = (plain, chunk) }
        let width = shard.metadata.chunkElementCount
        for image in 0..<count {
            var span = plain.mutableSpan
            output.copy(image: image, into: &span)
            var chunks: [[UInt8]] = []
            for start in stride(from: 0, to: shard.chunksPerImage * width, by: width) {
                let end = min(start + width, plain.count)
                var bytes: [UInt8] = []
                if end - start == width {
                    try codec.encode(plain.span.extracting(start..<end), appendingTo: &bytes)
                } else {
                    for place in 0..<width { chunk[place] = place < end - start ? plain[start + place] : .nan }
                    try codec.encode(chunk.span, appendingTo: &bytes)
                }
                chunks.append(bytes)
            }
            images.append(chunks)
        }
    }

    /// Appends the batch to the shard, from a row of the shard on.
    func append(firstRow: Int) throws {
        for (index, chunks) in images.enumerated() { try shard.append(chunks, row: firstRow + index) }
    }
}

/// A number that the campaign's arrays cannot hold.
func overflow(_ value: Float, in layer: String) -> JobFailure {
    .failed(
        code: "overflow",
        message: "\(layer): \(value) is too large for float16; write \"arrays: {dtype: float32}\" in the campaign"
    )
}
