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

    private let decodingBytes: Int
    private let limits: Campaign.Limits
    private let epochs: [[Int]]
    /// The selected images' numbers in the data set, ascending.
    private let selected: [Int]

    /// Reads and decodes the data set's images; nil where the campaign needs none.
    init?(
        _ asked: Campaign,
        file: FilePath,
        threads: Int,
        published: PublishedData?,
        onProgress: @escaping Submission.ProgressReport
    ) throws {
        guard asked.cka != nil || asked.activations != nil, let dataset = asked.dataset else { return nil }
        let fetched = try published?.images(of: dataset, limits: asked.limits)
        let folder = absolute(fetched ?? file.removingLastComponent().pushing(FilePath(dataset.images)))
        let (images, decodingBytes) = try ImageInspection.inspect(folder, limits: asked.limits, threads: threads) {
            onProgress("checking images", $0, $1)
        }
        (all, self.decodingBytes) = (images, decodingBytes)
        let draws = try asked.cka.map { try EpochLists($0, file: file, imageCount: images.count) }
        warnings = draws?.warnings ?? []
        epochs = draws?.epochs ?? []
        selected = asked.activations == nil ? Set(epochs.joined()).sorted() : Array(images.indices)
        limits = asked.limits
    }

    /// The selected images, for the manifest.
    func described(_ keep: ([UInt8]) -> ContentDigest) -> CampaignManifest.Images {
        let set = ImageSetFile(selected.map { all[$0] })
        return CampaignManifest.Images(
            list: keep(set.encoded()),
            contents: set.contentDigest,
            count: selected.count,
            decodingBytes: decodingBytes,
            preprocessing: Preprocessor.identity,
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
    func layers(of model: String) -> [String] {
        let compared = cka?.layers ?? []
        guard let activations, activations.models.contains(model) else { return compared }
        return CampaignManifest.inNetworkOrder(compared + activations.layers)
    }
}
