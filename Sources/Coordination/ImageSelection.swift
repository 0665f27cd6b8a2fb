// SPDX-License-Identifier: MIT

internal import Campaigns
private import Datasets
internal import JobKinds
private import RepresentationSimilarity
internal import SystemPackage
internal import SystemSupport

/// The images that a campaign's networks see: those that its epochs draw, or all where activations are wanted for themselves.
struct ImageSelection {
    /// All images of the data set.
    let all: [ImageSetFile.Entry]
    /// What the user should know.
    let warnings: [String]

    /// The selected images' numbers in the data set, ascending.
    let selected: [Int]

    private let decodingBytes: Int
    private let limits: Campaign.Limits
    private let epochs: [[Int]]
    /// The folder of the images; nil where the rows of arrays are the data set.
    private let folder: FilePath?

    /// Reads and decodes the data set's images, or takes the rows of arrays for them where there is no data set; nil where the
    /// campaign needs none.
    init?(
        _ asked: Campaign,
        file: FilePath,
        threads: Int,
        published: PublishedData?,
        arrays: ArraySelection,
        onProgress: @escaping Submission.ProgressReport
    ) throws {
        guard asked.cka != nil || asked.activations != nil else { return nil }
        let images: [ImageSetFile.Entry]
        if let dataset = asked.dataset {
            let fetched = try published?.images(of: dataset, limits: asked.limits)
            let folder = absolute(fetched ?? file.removingLastComponent().pushing(FilePath(dataset.images)))
            (images, decodingBytes) = try ImageInspection.inspect(folder, limits: asked.limits, threads: threads) {
                onProgress("checking images", $0, $1)
            }
            self.folder = folder
        } else {
            guard let rows = try arrays.images() else { return nil }
            (images, decodingBytes, folder) = (rows, 0, nil)
        }
        all = images
        let draws = try asked.cka.map { try EpochLists($0, file: file, imageCount: images.count) }
        warnings = draws?.warnings ?? []
        epochs = draws?.epochs ?? []
        selected = asked.activations == nil ? Set(epochs.joined()).sorted() : Array(images.indices)
        limits = asked.limits
    }

    /// All images, as arrays of other programs may name them.
    var names: [RowMatching.Image] {
        all.map { entry in
            guard let folder else { return RowMatching.Image(name: entry.path.string, path: nil, digest: nil) }
            var below = entry.path
            _ = below.removePrefix(folder)
            return RowMatching.Image(name: below.string, path: entry.path.string, digest: entry.digest)
        }
    }

    /// The selected images, for the manifest.
    func described(_ keep: ([UInt8]) -> ContentDigest) -> CampaignManifest.Images {
        let set = ImageSetFile(selected.map { all[$0] })
        return CampaignManifest.Images(
            list: keep(set.encoded()),
            contents: set.contentDigest,
            count: selected.count,
            decodingBytes: decodingBytes,
            preprocessing: folder == nil ? "none" : Preprocessor.identity,
            limits: limits
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

extension Campaign {
    /// The layers whose activations a model is asked for, in the network's order.
    func layers(of model: Model) -> [String] {
        let compared = (cka?.layers ?? []).filter(Set(model.layers).contains)
        guard let activations, activations.models.contains(model.name) else { return compared }
        return CampaignManifest.inNetworkOrder(compared + activations.layers)
    }
}
