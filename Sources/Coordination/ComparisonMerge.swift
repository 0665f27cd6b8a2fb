// SPDX-License-Identifier: MIT

internal import Campaigns
private import JobKinds
private import JobStorage
internal import Reports
private import RepresentationSimilarity

/// Adds up what `hsic` jobs gave.
struct ComparisonMerge {
    private let manifest: CampaignManifest

    /// The comparison of a campaign.
    init(_ manifest: CampaignManifest) {
        self.manifest = manifest
    }

    /// The comparison of a campaign whose jobs are done; nil where it asked for none.
    ///
    /// - Throws: `UnusableResult` where a job's result is to be made again.
    func report(from results: CampaignResults) throws -> ComparisonReport? {
        guard let comparison = manifest.comparison else { return nil }
        let places = Dictionary(uniqueKeysWithValues: comparison.layers.map { ($0, self.places(in: $0)) })
        var epochs: [[[String]: Similarity]] = []
        for epoch in comparison.epochs {
            var similarities: [[String]: Similarity] = [:]
            for (layer, sums) in try self.sums(of: epoch, comparison, results) {
                for pair in comparison.pairs {
                    guard let a = places[layer]?[pair[0]], let b = places[layer]?[pair[1]] else { continue }
                    similarities[[layer] + pair] = sums[a, b]
                }
            }
            epochs.append(similarities)
        }
        let pairs = comparison.layers.flatMap { layer in
            comparison.pairs.filter { $0.allSatisfy { places[layer]?[$0] != nil } }.map { pair in
                ComparisonReport.Pair(
                    layer: layer,
                    a: pair[0],
                    b: pair[1],
                    epochs: epochs.compactMap { $0[[layer] + pair] }
                )
            }
        }
        return ComparisonReport(
            campaign: manifest.campaign,
            images: comparison.imagesPerEpoch,
            epochs: comparison.epochs.count,
            models: manifest.models.map(\.name),
            layers: comparison.layers,
            pairs: pairs
        )
    }

    /// Where each model that has a layer stands among the layer's Gram matrices.
    private func places(in layer: String) -> [String: Int] {
        let distinct = manifest.distinctModels(with: layer).enumerated()
        let places = Dictionary(uniqueKeysWithValues: distinct.map { ($1.identity, $0) })
        let named = manifest.models.compactMap { model in places[model.identity].map { (model.name, $0) } }
        return Dictionary(uniqueKeysWithValues: named)
    }

    /// An epoch's sums by layer, from the results of its jobs, each counted once.
    private func sums(
        of epoch: CampaignManifest.Epoch,
        _ comparison: CampaignManifest.Comparison,
        _ results: CampaignResults
    ) throws -> [(layer: String, sums: EpochSimilarity)] {
        var blocks: [String: (meanSquares: [Double], sums: EpochSums)] = [:]
        for payload in try CampaignPlan.hsicJobs(manifest, epoch: epoch) {
            let job = try manifest.job(payload)
            guard let stored = try results.result(of: job),
                let file = HSICResultFile(decoding: stored.result.payload),
                file.blocks.map(\.layer) == payload.blocks.map(\.layer)
            else { throw UnusableResult(job: job.id, reason: "it does not hold the sums that were asked for") }
            for block in file.blocks {
                let empty = EpochSums(matrices: block.meanSquares.count, images: comparison.imagesPerEpoch)
                for partial in block.partials {
                    let isNext = blocks[block.layer, default: (block.meanSquares, empty)].sums.add(partial)
                    guard isNext else { throw UnusableResult(job: job.id, reason: "its rows are not those of its job") }
                }
            }
        }
        return try comparison.layers.map { layer in
            guard let block = blocks[layer],
                let sums = EpochSimilarity(block.sums, meanSquares: block.meanSquares)
            else { throw SubmissionError("the sums of \(layer) do not make up an epoch") }
            return (layer, sums)
        }
    }
}
