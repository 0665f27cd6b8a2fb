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

/// Sums the products of all wanted pairs of Gram matrices over some groups of rows of an epoch.
public struct HSICRunner: JobRunner {
    private let arrays: ArrayAccess

    /// Reads Gram matrices in a way.
    public init(arrays: ArrayAccess = .directory) {
        self.arrays = arrays
    }

    /// Computes the groups' partial sums, block by block.
    public func run(_ job: JobSpecification, context: JobContext) throws -> JobResult {
        let payload = try HSICPayload(decoding: job.payload)
        let groups = try payload.groups.map { bounds in
            guard bounds.count == 2, 0 <= bounds[0], bounds[0] <= bounds[1], bounds[1] <= payload.count else {
                throw JobFailure.failed(code: "groups", message: "a group of rows is \(bounds)")
            }
            return bounds[0]..<bounds[1]
        }
        let threads = try threadCount(payload, groups, context)
        var blocks: [HSICResultFile.Block] = []
        for (index, block) in payload.blocks.enumerated() {
            try context.checkCancellation()
            blocks.append(try sums(of: block, groups, payload.count, threads, context))
            context.report(
                Progress(
                    fraction: Double(index + 1) / Double(payload.blocks.count),
                    text: "\(index + 1) of \(counted(payload.blocks.count, "layer"))"
                )
            )
        }
        let grams = payload.blocks.flatMap(\.grams)
        return JobResult(
            payload: HSICResultFile(blocks: blocks).encoded(),
            inputs: Dictionary(grams.map { ($0.hexadecimal, $0) }) { first, _ in first }
        )
    }

    /// As many threads as were given and as the budget allows.
    private func threadCount(
        _ payload: HSICPayload,
        _ groups: [Range<Int>],
        _ context: JobContext
    ) throws -> Int {
        let (n, matrices) = (payload.count, payload.blocks.map(\.grams.count).max() ?? 0)
        let longest = groups.map(\.count).max() ?? 0
        let rows = min(longest, HSICPartialSums.rowsAtOnce(matrices: matrices, images: n))
        // Rows of all matrices in float64, whole and of the group alone; a chunk and rows of one; the sums.
        let perThread = matrices * rows * (n + longest) * 8 + 2 * (GramLayout.chunkRows + rows) * n * 4
        // The result is held as sums, as bytes, and as a file's bytes.
        let result = payload.blocks.reduce(0) { $0 + $1.grams.count } * (n + longest) * groups.count * 8
        let shared = 3 * result + 96 << 20
        let fitting = (context.memoryBudget - shared) / max(1, perThread)
        guard fitting > 0 else {
            let needed = ByteCount(shared + perThread)
            throw JobFailure.environment(
                message: "a memory budget of \(ByteCount(context.memoryBudget)) is too small for the sums of "
                    + "\(counted(matrices, "network")); start the worker with --memory \(needed.argument) or more"
            )
        }
        return min(context.threads, fitting)
    }

    private func sums(
        of block: HSICPayload.Block,
        _ groups: [Range<Int>],
        _ count: Int,
        _ threads: Int,
        _ context: JobContext
    ) throws -> HSICResultFile.Block {
        let directory = context.directory
        let matrices = try block.grams.map { gram in
            let matrix = try arrays.open(gram, for: context)
            guard matrix.reader.metadata.shape == [count, count] else {
                throw InputError.malformed(directory.array(gram), "it has the shape \(matrix.reader.metadata.shape)")
            }
            return matrix
        }
        let meanSquares = try block.grams.map { gram in
            let bytes = try arrays.contents(of: FeatureMeans.fileName, gram, for: context, limit: 4096)
            guard let means = try? JSONDecoder().decode(FeatureMeans.self, from: Data(bytes)) else {
                let file = directory.array(gram).appending(FeatureMeans.fileName)
                throw JobFailure.inputUnreadable(code: "means", message: "\"\(file)\" is damaged")
            }
            return means.isFinite ? means.meanSquare : .nan
        }
        let partials = Monitor([HSICPartialSums?](repeating: nil, count: groups.count))
        try runTasks(groups.count, threads: threads) { task in
            let partial = try HSICPartialSums.compute(
                matrices: matrices.count,
                images: count,
                rows: groups[task],
                read: { matrix, rows in try matrices[matrix].read { try matrices[matrix].reader.rows(rows) } }
            )
            partials.withLock { $0[task] = partial }
        }
        return HSICResultFile.Block(
            layer: block.layer,
            meanSquares: meanSquares,
            partials: partials.withLock { $0.compactMap { $0 } }
        )
    }
}

extension ZarrReader {
    /// Reads rows of a Gram matrix, chunk by chunk.
    fileprivate func rows(_ rows: Range<Int>) throws -> [Float] {
        let (n, chunkRows, chunkColumns) = (metadata.shape[1], metadata.chunkShape[0], metadata.chunkShape[1])
        var values = [Float](repeating: .nan, count: rows.count * n)
        var chunk = [Float](repeating: 0, count: metadata.chunkElementCount)
        var codec = try makeCodec()
        guard !rows.isEmpty else { return values }
        for chunkRow in rows.lowerBound / chunkRows...(rows.upperBound - 1) / chunkRows {
            let start = chunkRow * chunkRows
            for chunkColumn in 0..<metadata.chunkGrid[1] {
                var span = chunk.mutableSpan
                try readChunk([chunkRow, chunkColumn], with: &codec, into: &span)
                let columns = chunkColumn * chunkColumns..<min((chunkColumn + 1) * chunkColumns, n)
                for row in rows.clamped(to: start..<start + chunkRows) {
                    let from = (row - start) * chunkColumns - columns.lowerBound
                    let to = (row - rows.lowerBound) * n
                    for column in columns { values[to + column] = chunk[from + column] }
                }
            }
        }
        return values
    }
}
