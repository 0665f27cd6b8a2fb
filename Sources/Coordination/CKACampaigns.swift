// SPDX-License-Identifier: MIT

internal import Campaigns
private import Datasets
private import JobKinds
public import JobStorage
private import Networks
public import Reports
private import RepresentationSimilarity
public import SystemPackage
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

    /// Whether all files that a job would make are there.
    public func isAlreadyComplete(_ job: JobSpecification, of campaign: CampaignID) -> Bool {
        let outputs = outputs(of: job)
        return !outputs.isEmpty && outputs.allSatisfy { (try? directory.fileSystem.isPresent($0)) ?? false }
    }

    // MARK: Files that are lost

    /// The shards that a job makes, and the small files beside them.
    public func outputs(of job: JobSpecification) -> [FilePath] {
        (try? JobOutputs.paths(of: job, in: directory)) ?? []
    }

    /// The activations or Gram matrices that a job reads.
    public func arraysRead(by job: JobSpecification) -> [FilePath] {
        (try? JobInputs.arrays(of: job, in: directory)) ?? []
    }

    /// Decodes every chunk of a shard.
    public func isReadable(_ file: FilePath) -> Bool { ArrayInspection(directory).isReadable(file) }

    // MARK: Merging

    /// Adds up the sums of every epoch and writes the reports.
    public func merge(_ plan: PublicationPlan, results: CampaignResults) throws {
        let manifest = try CampaignFiles.manifest(of: plan.campaign, in: directory)
        let report = try compare(manifest, results)
        try ReportFiles(directory, manifest).write(report, plan: plan, to: directory.reports(of: plan.campaign))
    }

    /// Merges a campaign whose jobs are done, and writes its reports.
    ///
    /// - Parameters:
    ///   - campaign: the campaign.
    ///   - folder: where to write; the campaign's own folder of reports where nil.
    /// - Throws: `UnfinishedCampaign` where jobs are missing.
    /// - Returns: the report and its folder.
    public func report(
        of campaign: CampaignID,
        to folder: FilePath?
    ) throws -> (report: ComparisonReport, folder: FilePath) {
        let plan = try directory.plan(of: campaign)
        let snapshot = try directory.scan(campaign)
        switch snapshot.outcome(of: plan) {
        case .done: break
        case .failed(let reasons): throw UnfinishedCampaign(campaign, failures: reasons, in: directory)
        case .underWay:
            let counts = snapshot.counts(of: plan).values
            let done = counts.reduce(0) { $0 + $1.done }
            let all = plan.buckets.reduce(0) { $0 + $1.jobs.count }
            throw UnfinishedCampaign(
                "\(campaign) is not complete: \(done) of \(all) jobs are done; unless a coordinator runs already, "
                    + "start: lucid-coordinator run --queue \(directory.root)"
            )
        }
        let manifest = try CampaignFiles.manifest(of: campaign, in: directory)
        let report = try compare(manifest, CampaignResults(directory, snapshot))
        let folder = folder ?? directory.reports(of: campaign)
        if try folder != directory.reports(of: campaign) || !directory.isMerged(campaign) {
            try ReportFiles(directory, manifest).write(report, plan: plan, to: folder)
        }
        return (report, folder)
    }

    private func compare(_ manifest: CampaignManifest, _ results: CampaignResults) throws -> ComparisonReport {
        let models = manifest.distinctModels
        let places = try manifest.models.map { model in
            guard
                let place = models.firstIndex(where: { $0.weights == model.weights && $0.batchNorm == model.batchNorm })
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
        var blocks: [String: (meanSquares: [Double], sums: EpochSums)] = [:]
        for payload in CampaignPlan.hsicJobs(manifest, epoch: epoch) {
            let job = JobSpecification(
                kind: HSICPayload.kind,
                payload: try payload.encoded(),
                priority: manifest.priority
            )
            guard let stored = try results.result(of: job),
                let file = HSICResultFile(decoding: stored.result.payload),
                file.blocks.map(\.layer) == payload.blocks.map(\.layer)
            else { throw UnusableResult(job: job.id, reason: "it does not hold the sums that were asked for") }
            for block in file.blocks {
                let empty = EpochSums(matrices: block.meanSquares.count, images: manifest.imagesPerEpoch)
                for partial in block.partials {
                    let isNext = blocks[block.layer, default: (block.meanSquares, empty)].sums.add(partial)
                    guard isNext else { throw UnusableResult(job: job.id, reason: "its rows are not those of its job") }
                }
            }
        }
        return try manifest.layers.map { layer in
            guard let block = blocks[layer],
                let sums = EpochSimilarity(block.sums, meanSquares: block.meanSquares)
            else { throw SubmissionError("the sums of \(layer) do not make up an epoch") }
            return (layer, sums)
        }
    }
}

/// A campaign of which not all jobs are done.
public struct UnfinishedCampaign: Error, Sendable, CustomStringConvertible {
    /// How far it is or why it failed, and what to do.
    public let description: String

    init(_ description: String) {
        self.description = description
    }

    init(_ campaign: CampaignID, failures: [JobID: Reason], in directory: JobDirectory) {
        let lines =
            ["\(campaign) failed: \(failures.count) jobs could not be done"]
            + FailureSummary(of: failures, in: directory).lines.map { "  \($0)" }
            + ["when the cause is mended: lucid-coordinator retry \(campaign) --queue \(directory.root)"]
        description = lines.joined(separator: "\n")
    }
}

extension JobDirectory {
    /// Why a registered campaign can never be complete; nil where it may be.
    public func failure(of campaign: CampaignID) throws -> UnfinishedCampaign? {
        var control = ControlReader(self)
        try control.look()
        guard try !isMerged(campaign),
            case .failed(let failures) = try scan(campaign).outcome(of: plan(of: campaign), control.state)
        else { return nil }
        return UnfinishedCampaign(campaign, failures: failures, in: self)
    }
}

/// Whether an error says that what a user gave cannot be used, rather than that the system failed.
public func isBadInput(_ error: any Error) -> Bool {
    error is DatasetError || error is CampaignError || error is WeightsError || error is TensorFileError
}
