// SPDX-License-Identifier: MIT

internal import Campaigns
private import JobKinds
public import JobStorage
private import Networks
private import RepresentationSimilarity
internal import Reports
private import SystemPackage
private import SystemSupport
private import TensorStorage

/// What the coordinator must know of campaigns that compare networks by CKA.
public struct CKACampaigns: CampaignContent {
    private let directory: JobDirectory

    /// Campaigns of a job directory.
    public init(_ directory: JobDirectory) {
        self.directory = directory
    }

    // MARK: Outputs that are there

    /// Whether all shards that a job would make are there.
    public func isAlreadyComplete(_ job: JobSpecification, of campaign: CampaignID) -> Bool {
        guard let outputs = try? JobOutputs.paths(of: job, in: directory), !outputs.isEmpty else { return false }
        return outputs.allSatisfy { (try? directory.fileSystem.isPresent($0)) ?? false }
    }

    // MARK: Merging

    /// Adds up the sums of every epoch and writes the reports.
    public func merge(_ plan: PublicationPlan, results: CampaignResults) throws {
        let manifest = try CampaignFiles.manifest(of: plan.campaign, in: directory)
        let report = try compare(manifest, results)
        try ReportFiles(directory, manifest).write(report, plan: plan)
    }

    private func compare(_ manifest: CampaignManifest, _ results: CampaignResults) throws -> ComparisonReport {
        let models = manifest.distinctModels
        let places = try manifest.models.map { model in
            guard let place = models.firstIndex(where: { $0.weights == model.weights && $0.batchNorm == model.batchNorm })
            else { throw SubmissionError("the manifest of \(manifest.campaign) is damaged") }
            return place
        }
        let place = Dictionary(uniqueKeysWithValues: zip(manifest.models.map(\.name), places))
        var epochs: [[[String]: Similarity]] = []
        for epoch in manifest.epochs {
            var similarities: [[String]: Similarity] = [:]
            for (layer, sums) in try self.sums(of: epoch, manifest, results) {
                for pair in manifest.pairs {
                    guard let a = place[pair[0]], let b = place[pair[1]] else { continue }
                    similarities[[layer] + pair] = sums[a, b]
                }
            }
            epochs.append(similarities)
        }
        let pairs = manifest.layers.flatMap { layer in
            manifest.pairs.map { pair in
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
            images: manifest.imagesPerEpoch,
            epochs: manifest.epochs.count,
            models: manifest.models.map(\.name),
            layers: manifest.layers,
            pairs: pairs
        )
    }

    /// An epoch's sums by layer, from the results of its jobs, each counted once.
    private func sums(
        of epoch: CampaignManifest.Epoch,
        _ manifest: CampaignManifest,
        _ results: CampaignResults
    ) throws -> [(layer: String, sums: EpochSimilarity)] {
        var blocks: [String: (meanSquares: [Double], partials: [HSICPartialSums])] = [:]
        for payload in CampaignPlan.hsicJobs(manifest, epoch: epoch) {
            let job = JobSpecification(
                kind: HSICPayload.kind,
                payload: try payload.encoded(),
                priority: manifest.priority
            )
            guard let stored = try results.result(of: job),
                let file = HSICResultFile(decoding: stored.result.payload),
                file.blocks.map(\.layer) == manifest.layers
            else { throw UnusableResult(job: job.id) }
            for block in file.blocks {
                blocks[block.layer, default: (block.meanSquares, [])].partials += block.partials
            }
        }
        return try manifest.layers.map { layer in
            guard let block = blocks[layer],
                let sums = EpochSimilarity(block.partials, meanSquares: block.meanSquares)
            else { throw SubmissionError("the sums of \(layer) do not make up an epoch") }
            return (layer, sums)
        }
    }
}

/// A result that is not one of its job's kind, although it was stored whole.
struct UnusableResult: Error, CustomStringConvertible {
    let job: JobID

    var description: String { "the result of job \(job) cannot be used" }
}
