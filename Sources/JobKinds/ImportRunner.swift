// SPDX-License-Identifier: MIT

private import Campaigns
public import HTTPTransfer
public import JobStorage
public import SystemPackage
private import SystemSupport
public import TensorStorage
public import WorkerRuntime

/// Takes rows of an array that another program made, from disk or from a web server, and writes a shard of activations.
public struct ImportRunner: JobRunner {
    private let dataRoots: DataRoots
    private let client: WebClient

    /// Reads files only below the given folders, or anywhere where none is given, and addresses by a client.
    public init(dataRoots: [FilePath], client: WebClient) {
        self.dataRoots = DataRoots(dataRoots)
        self.client = client
    }

    /// Makes the shard, unless it is there.
    public func run(_ job: JobSpecification, context: JobContext) throws -> JobResult {
        let payload = try ImportPayload(decoding: job.payload)
        let files = ArrayFiles(context: context)
        let array = context.directory.array(payload.array)
        let metadata = try ArrayLayouts.imported(payload)
        let path = ArrayFiles.shard(array, metadata, payload.shard)
        let images = try context.directory.cachedImages(payload.images, count: payload.count)
        try files.store(metadata.encoded, at: array.appending(ArrayFiles.metadataName))
        try files.store(Array(canonicalJSON(images)), at: array.appending(ArrayFiles.imagesName))
        let written =
            try files.isThere(path)
            ? files.describe(present: path) : until(context).makeShard(payload, metadata, files, path)
        return JobResult(
            payload: try Array(canonicalJSON([written])),
            inputs: ["rows": payload.rows, "images": payload.images]
        )
    }

    /// The same runner, whose fetches end when the worker is asked to stop.
    private func until(_ context: JobContext) -> ImportRunner {
        ImportRunner(dataRoots, client.cancelled { context.isCancelled })
    }

    private init(_ dataRoots: DataRoots, _ client: WebClient) {
        (self.dataRoots, self.client) = (dataRoots, client)
    }

    // MARK: The shard

    private func makeShard(
        _ payload: ImportPayload,
        _ metadata: ArrayMetadata,
        _ files: ArrayFiles,
        _ path: FilePath
    ) throws -> WrittenFile {
        let context = files.context
        let first = payload.shard * payload.shardRows
        let all = try context.directory.cachedSourceRows(payload.rows, count: payload.count)
        let rows = all.entries[first..<min(first + payload.shardRows, payload.count)]
        let source = try open(payload, rows)
        let rowsAtOnce = try rowsAtOnce(of: source, context)

        let shard = LayerShard(layer: payload.layer, metadata: metadata, array: payload.array, path: path)
        try shard.open(in: context.scratch(), on: context.directory.disk)
        var encoder = try RowEncoder(metadata, layer: payload.layer)
        for start in stride(from: rows.startIndex, to: rows.endIndex, by: rowsAtOnce) {
            try context.checkCancellation()
            let group = rows[start..<min(start + rowsAtOnce, rows.endIndex)]
            let values = try reading(payload) {
                try source.read(group.map(\.row), threads: context.threads, memory: context.memoryBudget / 2)
            }
            for (index, entry) in group.enumerated() {
                let row = values.span.extracting(index * source.width..<(index + 1) * source.width)
                guard RowSource.digest(of: row) == entry.digest else { throw changed(entry.row, payload) }
                try shard.append(encoder.encode(row), row: start - first + index)
            }
            context.report(
                Progress(
                    fraction: Double(group.endIndex - first) / Double(rows.count),
                    text: "\(group.endIndex - first) of \(counted(rows.count, "row"))"
                )
            )
        }
        return try shard.finish(with: files)
    }

    private func open(_ payload: ImportPayload, _ rows: ArraySlice<SourceRowsFile.Entry>) throws -> RowSource {
        let source = try reading(payload) {
            let place = try RowSource.Place(payload.source, below: "/", by: client)
            if case .path(let path) = place { try dataRoots.check(path) }
            return try RowSource(place)
        }
        let isFitting =
            Array(source.shape.dropFirst()) == payload.rowShape && rows.allSatisfy { $0.row < source.shape[0] }
        guard isFitting else {
            throw JobFailure.failed(
                code: "changed",
                message: "\"\(source.place)\" has the shape \(source.shape), and had another one when the campaign was "
                    + "submitted; submit it again"
            )
        }
        return source
    }

    /// As many rows as a quarter of the memory holds.
    private func rowsAtOnce(of source: RowSource, _ context: JobContext) throws -> Int {
        let needed = Self.memory(for: source)
        guard needed <= context.memoryBudget else {
            throw JobFailure.environment(
                message:
                    "a memory budget of \(ByteCount(context.memoryBudget)) is too small for the chunks and rows of "
                    + "\"\(source.place)\"; start the worker with --memory \(ByteCount(needed).argument) or more"
            )
        }
        return max(1, context.memoryBudget / 4 / (source.width * 4))
    }

    /// The least memory that a worker needs for an array.
    public static func memory(for source: RowSource) -> Int {
        source.bytesPerReader + 4 * source.width * 4 + 96 << 20
    }

    private func changed(_ row: Int, _ payload: ImportPayload) -> JobFailure {
        .failed(
            code: "changed",
            message:
                "row \(row) of \"\(describedSource(payload))\" was changed since the campaign was submitted; submit it "
                + "again"
        )
    }

    // MARK: Errors

    /// Runs a read of the source, which nobody but its owner can mend.
    private func reading<Result>(_ payload: ImportPayload, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch TransferError.cancelled {
            throw HandedBack()
        } catch let error as TransferError {
            if case .forbiddenHost = error { throw JobFailure.environment(message: "\(error)") }
            throw JobFailure.failed(code: "fetch", message: "\(error)")
        } catch let error as FileError where !error.isOwnFault {
            throw JobFailure.failed(code: "source", message: "\(error)")
        } catch let error as ShardError {
            throw JobFailure.failed(code: "source", message: "\(error)")
        } catch let error as TensorFileError {
            throw JobFailure.failed(code: "source", message: "\"\(describedSource(payload))\": \(error)")
        }
    }

    /// Where the array lies, without secrets.
    private func describedSource(_ payload: ImportPayload) -> String {
        (try? RowSource.Place(payload.source, below: "/", by: client).description) ?? "the array"
    }
}

extension JobDirectory {
    /// A list of rows of another program's array in the cache.
    ///
    /// - Throws: `JobFailure` for a list that is missing, was changed, or has another number of rows.
    fileprivate func cachedSourceRows(_ digest: ContentDigest, count: Int) throws -> SourceRowsFile {
        let file = listFile(digest)
        let bytes = try cachedContents(of: file, digest: digest, limit: 1 << 30)
        guard let rows = SourceRowsFile(decoding: bytes), rows.entries.count == count else {
            throw InputError.malformed(file, "it is no list of \(counted(count, "row"))")
        }
        return rows
    }
}
