// SPDX-License-Identifier: MIT

private import Campaigns
private import ComputeEngine
private import FoundationEssentials
public import JobStorage
private import RepresentationSimilarity
private import SystemPackage
private import SystemSupport
private import TensorStorage
public import WorkerRuntime

/// Makes a panel of rows of an epoch's centred Gram matrix from a layer's activations.
///
/// Features stream through memory a chunk's width at a time, for a tile of rows and a tile of columns; the rows of
/// all images times all features are never held.
public struct GramRunner: JobRunner {
    private let arrays: ArrayAccess

    /// Reads activations in a way.
    public init(arrays: ArrayAccess = .directory) {
        self.arrays = arrays
    }

    /// Makes the panel's shard, unless it is there.
    public func run(_ job: JobSpecification, context: JobContext) throws -> JobResult {
        let payload = try GramPayload(decoding: job.payload)
        let files = ArrayFiles(context: context)
        let array = context.directory.array(payload.gram)
        let metadata = try ArrayLayouts.gram(payload)
        let path = ArrayFiles.shard(array, metadata, [payload.panel, 0])
        let written: WrittenFile
        let means = array.appending(FeatureMeans.fileName)
        if try files.isThere(path), try files.isThere(means) {
            try files.store(metadata.encoded, at: array.appending(ArrayFiles.metadataName))
            written = try files.describe(present: path)
        } else {
            written = try makePanel(payload, metadata, files, path)
        }
        return JobResult(
            payload: try Array(canonicalJSON([written])),
            inputs: ["activations": payload.activations, "rows": payload.rows]
        )
    }

    private func makePanel(
        _ payload: GramPayload,
        _ metadata: ArrayMetadata,
        _ files: ArrayFiles,
        _ path: FilePath
    ) throws -> WrittenFile {
        let context = files.context
        let rows = try rowList(payload, context)
        let source = try FeatureSource(
            reading: arrays.open(payload.activations, for: context),
            of: context.directory.array(payload.activations),
            rows: rows,
            threads: context.threads
        )
        let panelStart = payload.panel * GramLayout.panelRows
        let panel = panelStart..<min(panelStart + GramLayout.panelRows, payload.count)
        try checkBudget(payload, source, panel, context)

        let draft = try context.scratch().appending("gram.shard")
        let array = context.directory.array(payload.gram)
        var writer = try ShardWriter(creating: draft, for: metadata, on: context.directory.disk)
        var meanSquare = 0.0
        var codec = try ChunkCodec(metadata)
        let tiles = GramLayout.panels(of: payload.count)
        for tile in 0..<tiles {
            let columns =
                tile * GramLayout.panelRows..<min((tile + 1) * GramLayout.panelRows, payload.count)
            let product = GramTile(rows: panel.count, columns: columns.count, isSymmetric: tile == payload.panel)
            meanSquare = try source.multiply(panel, columns, into: product) { block in
                try context.checkCancellation()
                let done = Double(tile * source.blockCount + block + 1) / Double(tiles * source.blockCount)
                context.report(Progress(fraction: done, text: "features of \(counted(payload.count, "image"))"))
            }
            try write(product, tile: tile, metadata, &writer, &codec)
        }
        let written = try writer.finish()
        try files.store(metadata.encoded, at: array.appending(ArrayFiles.metadataName))
        let means = FeatureMeans(meanSquare: meanSquare)
        try files.store(Array(canonicalJSON(means)), at: array.appending(FeatureMeans.fileName))
        return try files.store(draft, written, at: path, in: array, of: metadata)
    }

    private func rowList(_ payload: GramPayload, _ context: JobContext) throws -> [Int] {
        let file = context.directory.listFile(payload.rows)
        let bytes = try context.directory.cachedContents(of: file, digest: payload.rows, limit: 1 << 30)
        guard let rows = RowListFile.decoded(bytes), rows.count == payload.count else {
            throw InputError.malformed(file, "it is no list of \(counted(payload.count, "row"))")
        }
        return rows
    }

    private func write(
        _ product: GramTile,
        tile: Int,
        _ metadata: ArrayMetadata,
        _ writer: inout ShardWriter,
        _ codec: inout ChunkCodec
    ) throws {
        let (chunkRows, chunkColumns) = (metadata.chunkShape[0], metadata.chunkShape[1])
        for start in stride(from: 0, to: product.rows, by: chunkRows) {
            let rows = start..<min(start + chunkRows, product.rows)
            var values = [Float](repeating: 0, count: rows.count * product.columns)
            var span = values.mutableSpan
            product.copy(rows: rows, into: &span)
            var chunk = [Float](repeating: .nan, count: chunkRows * chunkColumns)
            for row in 0..<rows.count {
                for column in 0..<product.columns {
                    chunk[row * chunkColumns + column] = values[row * product.columns + column]
                }
            }
            var bytes: [UInt8] = []
            try codec.encode(chunk.span, appendingTo: &bytes)
            try writer.append(bytes, at: [start / chunkRows, tile])
        }
    }

    private func checkBudget(
        _ payload: GramPayload,
        _ source: FeatureSource,
        _ panel: Range<Int>,
        _ context: JobContext
    ) throws {
        let widest = min(payload.count, GramLayout.panelRows)
        let tile = panel.count * widest * 8
        let blocks = (payload.count > GramLayout.panelRows ? 2 : 1) * widest * source.blockWidth * 4
        let needed = tile + blocks + context.threads * GramTile.square * GramTile.square * 4 + 128 << 20
        guard needed <= context.memoryBudget else {
            throw JobFailure.environment(
                message: "a memory budget of \(ByteCount(context.memoryBudget)) is too small for a Gram matrix of "
                    + "\(counted(payload.count, "image")); start the worker with --memory \(ByteCount(needed).argument) or more"
            )
        }
    }
}

/// What the features' means were, from which one sees how much centring took away.
struct FeatureMeans: Codable, Equatable {
    static let fileName = "means.json"

    /// The squared norm of the mean over an epoch's images of all features; 0 where it is not finite.
    let meanSquare: Double
    /// Whether it is a number that JSON can say.
    let isFinite: Bool

    init(meanSquare: Double) {
        self.meanSquare = meanSquare.isFinite ? meanSquare : 0
        isFinite = meanSquare.isFinite
    }
}
