// SPDX-License-Identifier: MIT

internal import Campaigns
internal import HTTPTransfer
internal import JobKinds
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
        /// What a server said in place of names that it may have.
        let refusal: String?

        var rowCount: Int { source.shape[0] }
    }

    /// Opens the arrays of all layers that are compared, and reads how their rows are named.
    init(_ asked: Campaign, file: FilePath, client: WebClient) throws {
        (self.asked, self.file) = (asked, file)
        var arrays: [Opened] = []
        let comparedLayers = asked.comparedLayers
        for model in asked.models {
            let wanted = Set(comparedLayers[model.name] ?? [])
            let compared = (model.arrays ?? []).filter { wanted.contains($0.layer) }
            guard !compared.isEmpty else { continue }
            let listed = try model.images.map { name in
                try Self.locating(model.place, model, file) {
                    try RowNames(lines: path(name, beside: file))
                }
            }
            for array in compared {
                try Self.locating(array.place, model, file) {
                    let place = try RowSource.Place(
                        expandingHome(array.source),
                        below: absolute(file.removingLastComponent()),
                        by: client
                    )
                    let source = try Self.open(place)
                    var refusal: String?
                    let names = try listed ?? RowNames(of: source) { refusal = $0 }
                    if let names, names.names.count != source.shape[0] {
                        throw SubmissionError(
                            "\"\(place)\" has \(counted(source.shape[0], "row")), and names of \(names.names.count)"
                        )
                    }
                    arrays.append(Opened(model: model, array: array, source: source, names: names, refusal: refusal))
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

    /// The first array with names, else the first: its rows are the data set where the campaign has none.
    private var leader: Opened? { arrays.first { $0.names != nil } ?? arrays.first }

    /// The images that the rows stand for, and their names, where the campaign has no data set; nil where there is no array.
    func images() throws -> [(file: ImageSetFile.Entry, name: String)]? {
        guard let leader else { return nil }
        guard let names = leader.names?.names else {
            return (0..<leader.rowCount).map { row in
                (ImageSetFile.Entry(digest: ContentDigest(of: "\(row)"), path: FilePath("\(row)")), "\(row)")
            }
        }
        return names.map { name in
            let digest = name.digest ?? ContentDigest(of: name.text)
            return (ImageSetFile.Entry(digest: digest, path: FilePath(name.text)), name.text)
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
        // The same array may stand for several layers and models.
        var known: [[String?]: SourceRowsFile] = [:]
        let total = arrays.count * images.selected.count
        for (number, opened) in arrays.enumerated() {
            try Self.locating(opened.array.place, opened.model, file) {
                let key = [opened.location, opened.model.images]
                if known[key] == nil {
                    let (rows, remarks) = try rows(of: opened, images)
                    let reading = try RowReading(of: rows, in: opened.source, threads: threads) { done in
                        onProgress("reading rows", number * images.selected.count + done, total)
                    }
                    known[key] = reading.rows
                    warnings += remarks + opened.remarksAfterReading + reading.remarks(on: opened.source)
                }
                guard let rows = known[key] else { return }
                layers[opened.model.name, default: []].append(
                    CampaignManifest.Model.LayerArray(
                        layer: opened.array.layer,
                        source: opened.location,
                        rows: keep(rows.encoded()),
                        contents: rows.contentDigest,
                        rowShape: Array(opened.source.shape.dropFirst())
                    )
                )
            }
        }
        return (
            Dictionary(uniqueKeysWithValues: layers.map { ($0, CampaignManifest.Model(name: $0, arrays: $1)) }),
            warnings
        )
    }

    /// Which rows belong to the selected images, by name or, where rows have none, by number.
    private func rows(of opened: Opened, _ images: ImageSelection) throws -> (rows: [Int], remarks: [String]) {
        guard let names = opened.names else { return try rowsByNumber(of: opened, images) }
        let place = "\(opened.source.place)"
        let matching = RowMatching(names, images: images.names)
        let rows = try matching.rows(of: images.selected, in: place)
        var remarks: [String] = []
        let strangers = matching.strangers.count
        if strangers > 0 {
            remarks.append(
                "\(counted(strangers, "row")) of \"\(place)\" \(strangers == 1 ? "belongs" : "belong") to no image of the data "
                    + "set, and \(strangers == 1 ? "is" : "are") not used"
            )
        }
        if let (count, example) = matching.matchedByEnd {
            remarks.append(
                "\(counted(count, "row")) of \"\(place)\" \(count == 1 ? "was" : "were") found by the end of a name, as \"\(example.row)\" for the image "
                    + "\"\(example.image)\""
            )
        }
        return (rows, remarks)
    }

    private func rowsByNumber(
        of opened: Opened,
        _ images: ImageSelection
    ) throws -> (rows: [Int], remarks: [String]) {
        let (place, count) = ("\(opened.source.place)", images.names.count)
        let leader = asked.dataset == nil ? leader : nil
        let leading = leader.map { "\"\($0.source.place)\"" }
        guard opened.rowCount == count else {
            let others = leading.map { "\($0) has \(count)" } ?? "the data set has \(counted(count, "image"))"
            throw SubmissionError(
                "\"\(place)\" has \(counted(opened.rowCount, "row")), and \(others); one row is needed for each, or names: "
                    + "\"images: FILE\" beside \"arrays\""
            )
        }
        let order =
            if leader?.array.place == opened.array.place {
                "the data set, in their order"
            } else {
                leading.map { "those of \($0) in their order" } ?? "the data set's images in its order"
            }
        let reason = opened.refusal.map { " (\($0))" } ?? ""
        return (images.selected, ["the rows of \"\(place)\" have no names\(reason): they are taken to be \(order)"])
    }

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
        var remarks = source.remarks
        if source.filledChunks > 0 {
            remarks.append(
                "\(counted(source.filledChunks, "chunk")) of \"\(source.place)\" \(source.filledChunks == 1 ? "is" : "are") not "
                    + "stored: the number that it names for such is read there"
            )
        }
        let needed = ImportRunner.memory(for: source)
        if needed > Submission.usualWorkerBytes {
            let memory = ByteCount(needed).argument
            remarks.append("the chunks of \"\(source.place)\" need workers with --memory \(memory) or more")
        }
        return remarks
    }
}
