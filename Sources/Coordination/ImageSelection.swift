// SPDX-License-Identifier: MIT

internal import Campaigns
private import Datasets
internal import JobKinds
private import RepresentationSimilarity
internal import SystemPackage
internal import SystemSupport

/// The images that a campaign's networks see: those that its epochs draw, or all where activations are wanted for themselves.
struct ImageSelection {
    /// What the user should know.
    let warnings: [String]
    /// What tells this data set from any other: every image's content, name and labels, and the names of what was left out.
    let digest: ContentDigest
    /// How many images were left out.
    var skippedCount: Int { dataset.skipped.count }
    /// How many images' files have faults although all pixels are there.
    var faultyCount: Int { dataset.faulty.count }

    /// The selected images' numbers in the data set, ascending.
    let selected: [Int]

    private let dataset: ImageInspection
    /// Whether the images are files, and not the rows of arrays.
    private let hasFiles: Bool
    private let labelNames: [String]
    private let limits: Campaign.Limits
    private let epochs: [[Int]]
    /// The data set as reports list it.
    private let table: [UInt8]

    /// Reads and decodes the data set's images, or takes the rows of arrays for them where there is no data set; nil where the
    /// campaign needs none.
    init?(
        _ asked: Campaign,
        file: FilePath,
        threads: Int,
        published: CachedCatalogue?,
        arrays: ArraySelection,
        lists: LongLists,
        onProgress: @escaping Submission.ProgressReport
    ) throws {
        guard asked.cka != nil || asked.activations != nil else { return nil }
        let remarks: [String]
        if let source = asked.dataset {
            let (list, naming) = try Self.list(source, file, published, asked.limits)
            remarks = list.remarks.map(naming.words)
            dataset = try ImageInspection(
                of: list,
                skips: source.skipsUnreadable == true,
                limits: asked.limits,
                threads: threads,
                lists: lists,
                naming: naming
            ) { onProgress("checking images", $0, $1) }
            labelNames = list.labelNames
        } else {
            guard let rows = try arrays.images() else { return nil }
            (dataset, labelNames, remarks) = (ImageInspection(rows: rows), [], [])
        }
        hasFiles = asked.dataset != nil
        let (dataset, labelNames) = (self.dataset, self.labelNames)
        let draws = try asked.cka.map { try EpochLists($0, file: file, imageCount: dataset.images.count) }
        warnings =
            remarks + Self.skipWarnings(of: dataset, asked.cka, lists) + Self.faultWarnings(of: dataset, lists)
            + (draws?.warnings ?? [])
        epochs = draws?.epochs ?? []
        selected = asked.activations == nil ? Set(epochs.joined()).sorted() : Array(dataset.images.indices)
        limits = asked.limits
        table = ImageTable.encoded(dataset.images.map(\.listed), labels: labelNames, selected: selected)
        let parts =
            dataset.images.map(\.file.digest.hexadecimal) + [ContentDigest(of: table).hexadecimal]
            + dataset.skipped.map(\.image)
        digest = ContentDigest(of: parts.joined(separator: "\n"))
    }

    private static func list(
        _ source: Campaign.Dataset,
        _ file: FilePath,
        _ published: CachedCatalogue?,
        _ limits: Campaign.Limits
    ) throws -> (ImageList, DatasetNaming) {
        let place = path(source.images, beside: file)
        let fetched = try published?.images(of: source, at: place, limits: limits)
        let folder = absolute(fetched ?? place)
        let naming = DatasetNaming(source, in: folder, isUnpacked: fetched != nil)
        do {
            return (try ImageList(folder: folder, names: source.list.map { path($0, beside: file) }), naming)
        } catch let error as DatasetError where fetched != nil {
            throw SubmissionError(naming.words("\(error)"))
        }
    }

    private static func skipWarnings(
        of dataset: ImageInspection,
        _ comparison: Campaign.Comparison?,
        _ lists: LongLists
    ) -> [String] {
        let count = dataset.skipped.count
        guard count > 0 else { return [] }
        let lines = dataset.skipped.map { "\"\($0.image)\": \($0.reason)" }
        let named = lists.shown(lines, .skipped)
        let leftOut = "\(count) of \(dataset.images.count + count) images cannot be read and are left out:\(named)"
        guard let comparison else { return [leftOut] }
        let left = counted(dataset.images.count, "image", "that is", "that are")
        let numbers =
            comparison.imageLists != nil
            ? "\"image_lists\" number the \(left) left, as the report's images.csv does"
            : "the \(left) left \(dataset.images.count == 1 ? "is" : "are") numbered anew, so the epochs draw other images than "
                + "the reference draws from a data set that has them all"
        return [leftOut, numbers]
    }

    private static func faultWarnings(of dataset: ImageInspection, _ lists: LongLists) -> [String] {
        let count = dataset.faulty.count
        guard count > 0 else { return [] }
        let lines = dataset.faulty.map { "\"\($0.image)\": \($0.remark)" }
        let named = lists.shown(lines, .faulty)
        let files = "\(count) of \(counted(dataset.images.count, "image")) have faults in their files"
        return ["\(files), and are taken, since the codec noticed no lost pixels:\(named)"]
    }

    /// All images, as arrays of other programs may name them.
    var names: [RowMatching.Image] {
        dataset.images.map { file, listed in
            hasFiles
                ? RowMatching.Image(name: listed.name, path: file.path.string, digest: file.digest)
                : RowMatching.Image(name: listed.name, path: nil, digest: nil)
        }
    }

    /// The selected images, for the manifest.
    func described(_ keep: ([UInt8]) -> ContentDigest) -> CampaignManifest.Images {
        let set = ImageSetFile(selected.map { dataset.images[$0].file })
        return CampaignManifest.Images(
            list: keep(set.encoded()),
            contents: set.contentDigest,
            count: selected.count,
            decodingBytes: dataset.decodingBytes,
            preprocessing: hasFiles ? Preprocessor.identity : "none",
            limits: limits,
            dataset: CampaignManifest.Dataset(
                table: keep(table),
                count: dataset.images.count,
                skipped: dataset.skipped.count,
                skippedImages: Array(dataset.skipped.prefix(LongLists.mostShown)),
                labels: labelNames.enumerated().map { column, name in
                    CampaignManifest.Label(name, values: dataset.images.lazy.map { $0.listed.labels[column] })
                }
            )
        )
    }

    /// The comparison over these images, for the manifest; nil where the campaign asks for none.
    func comparison(_ asked: Campaign, _ keep: ([UInt8]) -> ContentDigest) -> CampaignManifest.Comparison? {
        guard let cka = asked.cka else { return nil }
        let rowOfImage = Dictionary(uniqueKeysWithValues: selected.enumerated().map { ($1, $0) })
        return CampaignManifest.Comparison(
            layers: cka.layers,
            pairs: cka.pairs,
            imagesPerEpoch: epochs.first?.count ?? 0,
            epochs: epochs.map { drawn in
                let sorted = JackknifeGroups.rows(of: drawn)
                let rows = keep(RowListFile.encoded(sorted.compactMap { rowOfImage[$0] }))
                let groups = JackknifeGroups.ranges(in: sorted).filter { !$0.isEmpty }
                return CampaignManifest.Epoch(rows: rows, groups: groups.map { [$0.lowerBound, $0.upperBound] })
            }
        )
    }
}
