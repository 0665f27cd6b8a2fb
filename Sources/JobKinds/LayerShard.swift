// SPDX-License-Identifier: MIT

private import JobStorage
internal import Networks
internal import SystemPackage
internal import SystemSupport
internal import TensorStorage
internal import WorkerRuntime

/// One layer's shard while it is being written.
final class LayerShard: Sendable {
    let layer: String
    let metadata: ArrayMetadata
    /// The array's address.
    let array: ContentDigest
    /// Where the shard will be.
    let path: FilePath
    private let writer = Monitor(OpenShard())

    private struct OpenShard: ~Copyable {
        var draft: FilePath?
        var writer: ShardWriter?
    }

    init(layer: String, metadata: ArrayMetadata, array: ContentDigest, path: FilePath) {
        self.layer = layer
        self.metadata = metadata
        self.array = array
        self.path = path
    }

    /// Values of one row.
    var featureCount: Int { metadata.shape.dropFirst().reduce(1, *) }

    func open(in scratch: FilePath, on disk: LocalFileSystem) throws {
        let draft = scratch.appending("\(layer).shard")
        try writer.withLock { open in
            open.writer = try ShardWriter(creating: draft, for: metadata, on: disk)
            open.draft = draft
        }
    }

    /// Appends an image's chunks, encoded one after the other.
    func append(_ chunks: [[UInt8]], row: Int) throws {
        let rest = [Int](repeating: 0, count: metadata.shape.count - 2)
        try writer.withLock { open in
            for (index, chunk) in chunks.enumerated() {
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
                throw JobFailure.failed(code: "internal", message: "the shard of \(layer) was not open")
            }
            return (draft, try writer.finish())
        }
        return try files.store(draft, written, at: path, in: files.context.directory.array(array), of: metadata)
    }
}

/// One thread's codec and output for one layer.
final class LayerEncoder {
    let shard: LayerShard
    private var encoder: RowEncoder
    private var plain: [Float]
    private var images: [[[UInt8]]] = []

    init(_ shard: LayerShard) throws {
        self.shard = shard
        encoder = try RowEncoder(shard.metadata, layer: shard.layer)
        plain = [Float](repeating: 0, count: shard.featureCount)
    }

    /// Compresses the layer's output for the first images of a batch, in place of the batch before.
    func encode(_ output: LayerOutput, images count: Int) throws {
        images.removeAll(keepingCapacity: true)
        // A local, since a class's own array cannot lend spans.
        var plain = self.plain
        self.plain = []
        defer { self.plain = plain }
        for image in 0..<count {
            var span = plain.mutableSpan
            output.copy(image: image, into: &span)
            images.append(try encoder.encode(plain.span))
        }
    }

    /// Appends the batch to the shard, from a row of the shard on.
    func append(firstRow: Int) throws {
        for (index, chunks) in images.enumerated() { try shard.append(chunks, row: firstRow + index) }
    }
}
