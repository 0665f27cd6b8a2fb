// SPDX-License-Identifier: MIT

internal import Campaigns
private import ComputeEngine
internal import HTTPTransfer
internal import JobKinds
private import Synchronization
internal import SystemPackage
internal import SystemSupport
internal import TensorStorage

/// The arrays of other programs that a campaign compares, opened, with the rows that belong to its images.
struct ArraySelection {
    private let asked: Campaign
    private let file: FilePath
    private let arrays: [Opened]

    fileprivate struct Opened {
        let model: Campaign.Model
        let array: Campaign.Model.LayerArray
        let source: RowSource
        let names: RowNames?

        var rowCount: Int { source.shape[0] }
    }

    /// Opens the arrays of all layers that are compared, and reads how their rows are named.
    init(_ asked: Campaign, file: FilePath, client: WebClient) throws {
        (self.asked, self.file) = (asked, file)
        var arrays: [Opened] = []
        let wanted = Set(asked.cka?.layers ?? [])
        for model in asked.models {
            let compared = (model.arrays ?? []).filter { wanted.contains($0.layer) }
            guard !compared.isEmpty else { continue }
            let listed = try model.images.map { name in
                try Self.locating(model.place, model, file) {
                    try RowNames(lines: absolute(file.removingLastComponent().pushing(FilePath(name))))
                }
            }
            for array in compared {
                try Self.locating(array.place, model, file) {
                    let place = try RowSource.Place(
                        array.source,
                        below: absolute(file.removingLastComponent()),
                        by: client
                    )
                    let source = try Self.open(place)
                    let names = try listed ?? RowNames(of: source)
                    if let names, names.names.count != source.shape[0] {
                        throw SubmissionError(
                            "\"\(place)\" has \(source.shape[0]) rows, and names of \(names.names.count)"
                        )
                    }
                    arrays.append(Opened(model: model, array: array, source: source, names: names))
                }
            }
        }
        self.arrays = arrays
    }

    private static func open(_ place: RowSource.Place) throws -> RowSource {
        do {
            return try RowSource(place)
        } catch let error as TensorFileError {
            throw SubmissionError("\"\(place)\": \(error)")
        }
    }

    // MARK: Rows as the data set

    /// The images that the rows stand for, where the campaign has no data set: as the first array with names says, else
    /// numbers; nil where there is no array.
    func images() throws -> [ImageSetFile.Entry]? {
        guard let first = arrays.first(where: { $0.names != nil }) ?? arrays.first else { return nil }
        guard let names = first.names?.names else {
            return (0..<first.rowCount).map { row in
                ImageSetFile.Entry(digest: ContentDigest(of: "\(row)"), path: FilePath("\(row)"))
            }
        }
        return names.map {
            ImageSetFile.Entry(digest: $0.digest ?? ContentDigest(of: $0.text), path: FilePath($0.text))
        }
    }

    // MARK: Rows of images

    /// The models that have arrays, by name, and what the user should know.
    ///
    /// - Parameters:
    ///   - images: the images of the campaign.
    ///   - threads: how many threads may read.
    ///   - keep: puts a file into the cache.
    ///   - onProgress: is told how far the reading is.
    /// - Throws: `SubmissionError` where rows and images do not fit, or an array cannot be read.
    /// - Returns: the models, and remarks.
    func models(
        of images: ImageSelection,
        threads: Int,
        keep: ([UInt8]) -> ContentDigest,
        onProgress: @escaping Submission.ProgressReport
    ) throws -> (models: [String: CampaignManifest.Model], warnings: [String]) {
        var layers: [String: [CampaignManifest.Model.LayerArray]] = [:]
        for model in asked.models where model.arrays != nil { layers[model.name] = [] }
        var warnings: [String] = []
        let total = arrays.count * images.selected.count
        for (number, opened) in arrays.enumerated() {
            try Self.locating(opened.array.place, opened.model, file) {
                let (rows, remarks) = try rows(of: opened, images)
                let entries = try digests(of: rows, in: opened.source, threads) { done in
                    onProgress("reading rows", number * images.selected.count + done, total)
                }
                let list = SourceRowsFile(entries)
                layers[opened.model.name, default: []].append(
                    CampaignManifest.Model.LayerArray(
                        layer: opened.array.layer,
                        source: opened.location,
                        rows: keep(list.encoded()),
                        contents: list.contentDigest,
                        rowShape: Array(opened.source.shape.dropFirst())
                    )
                )
                warnings += remarks + opened.remarksAfterReading
            }
        }
        return (
            Dictionary(uniqueKeysWithValues: layers.map { ($0, CampaignManifest.Model(name: $0, arrays: $1)) }),
            warnings
        )
    }

    /// Which rows belong to the selected images, by name or, where rows have none, by number.
    private func rows(of opened: Opened, _ images: ImageSelection) throws -> (rows: [Int], remarks: [String]) {
        let place = "\(opened.source.place)"
        guard let names = opened.names else {
            guard opened.rowCount == images.names.count else {
                throw SubmissionError(
                    "\"\(place)\" has \(opened.rowCount) rows, and the data set has \(images.names.count) images; one row is "
                        + "needed for each, or names: \"images: FILE\" beside \"arrays\""
                )
            }
            let remark =
                "the rows of \"\(place)\" have no names: they are taken to be the data set's images in its order"
            return (images.selected, [remark])
        }
        let matching = RowMatching(names, images: images.names)
        let rows = try matching.rows(of: images.selected, in: place)
        let strangers = matching.strangers.count
        return (
            rows,
            strangers == 0
                ? [] : ["\(strangers) rows of \"\(place)\" belong to no image of the data set; they are not used"]
        )
    }

    /// Reads rows, and tells what each holds.
    private func digests(
        of rows: [Int],
        in source: RowSource,
        _ threads: Int,
        onProgress: (_ done: Int) -> Void
    ) throws -> [SourceRowsFile.Entry] {
        var entries: [SourceRowsFile.Entry] = []
        let rowsAtOnce = max(1, Self.bytesAtOnce / (source.width * 4))
        for start in stride(from: 0, to: rows.count, by: rowsAtOnce) {
            let group = Array(rows[start..<min(start + rowsAtOnce, rows.count)])
            let values = try source.read(group, threads: threads)
            let digests = Mutex([ContentDigest?](repeating: nil, count: group.count))
            let width = source.width
            try runTasks(group.count, threads: threads) { index in
                let digest = RowSource.digest(of: values.span.extracting(index * width..<(index + 1) * width))
                digests.withLock { $0[index] = digest }
            }
            for (row, digest) in zip(group, digests.withLock { $0 }) {
                guard let digest else { continue }
                entries.append(SourceRowsFile.Entry(row: row, digest: digest))
            }
            onProgress(entries.count)
        }
        return entries
    }

    /// Bytes of rows that are held at once.
    private static let bytesAtOnce = 256 << 20

    // MARK: Errors

    /// Says of errors where in the campaign file their cause stands.
    private static func locating<Result>(
        _ place: Campaign.Place,
        _ model: Campaign.Model,
        _ file: FilePath,
        _ body: () throws -> Result
    ) throws -> Result {
        func located(_ message: String) -> SubmissionError {
            SubmissionError(file, line: place.line, column: place.column, "model \"\(model.name)\": \(message)")
        }
        do {
            return try body()
        } catch let error as TransferError where !error.isBadInput {
            // The network's fault, not the campaign's.
            throw error
        } catch let error as SubmissionError {
            throw located(error.description)
        } catch {
            throw located("\(error)")
        }
    }
}

extension ArraySelection.Opened {
    /// Where workers find it: an address as it was given, or a path from the root.
    fileprivate var location: String {
        if case .path(let path) = source.place { path.string } else { array.source }
    }

    fileprivate var remarksAfterReading: [String] {
        guard source.filledChunks > 0 else { return [] }
        return [
            "\(source.filledChunks) chunks of \"\(source.place)\" are not stored: they are read as the number that it names for "
                + "them"
        ]
    }
}
