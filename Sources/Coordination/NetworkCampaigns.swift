// SPDX-License-Identifier: MIT

internal import Campaigns
private import Datasets
private import JobKinds
public import JobStorage
private import Networks
internal import Reports
public import SystemPackage
private import SystemSupport
private import TensorStorage

/// What the coordinator must know of campaigns that compare networks and picture their neurons.
public final class NetworkCampaigns: CampaignContent {
    let directory: JobDirectory
    private let drafts: DraftFolder
    /// The atlases that grow while their campaigns run; none for a campaign that asks for no pictures.
    private let atlases = Monitor<[CampaignID: [AtlasMerge]]>([:])

    /// Campaigns of a job directory.
    public init(_ directory: JobDirectory) {
        self.directory = directory
        drafts = DraftFolder(directory)
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

    /// The activations that a campaign's report names.
    public func arraysGiven(by campaign: CampaignID) throws -> [FilePath] {
        let manifest = try CampaignFiles.manifest(of: campaign, in: directory)
        return ReportFiles(directory, manifest).activations.map { directory.array($0.address) }
    }

    /// Decodes every chunk of a shard.
    public func isReadable(_ file: FilePath) -> Bool { ArrayInspection(directory).isReadable(file) }

    // MARK: Merging

    /// Whether a campaign asks for pictures.
    public func mergesParts(of campaign: CampaignID) throws -> Bool { try withAtlas(of: campaign) { $0 != nil } }

    /// Puts pictures that have arrived into the campaign's atlas, for some moments.
    public func mergePart(
        _ plan: JobPlan,
        results: CampaignResults,
        phase: CampaignPhase
    ) throws -> Bool {
        try withAtlas(of: plan.campaign) { try $0?.advance(results, phase) ?? false }
    }

    /// Merges a campaign again where another coordinator merged it and a page or a sheet of ours, which shows less, came
    /// in the place of that one's.
    public func giveWay(_ plan: JobPlan) throws {
        let campaign = plan.campaign
        if let atlas = atlases.withLock({ $0[campaign]?.first }), !atlas.revisions.isEmpty {
            let report = try MergedReport(of: campaign, in: directory)
            let isOurs = try atlas.revisions.contains { name in
                try report.digests[name] != nil && !report.isInPlace(name)
            }
            if isOurs { try merge(plan, results: CampaignResults(directory, directory.scan(campaign))) }
        }
        atlases.withLock { _ = $0.removeValue(forKey: campaign) }
    }

    /// Adds up the sums of every epoch, completes the atlas, and writes the reports.
    public func merge(_ plan: JobPlan, results: CampaignResults) throws {
        let manifest = try CampaignFiles.manifest(of: plan.campaign, in: directory)
        try withAtlas(of: plan.campaign) { atlas in
            _ = try write(manifest, plan, results, &atlas, to: ReportFolder(directory, of: plan.campaign, by: drafts))
        }
        atlases.withLock { _ = $0.removeValue(forKey: plan.campaign) }
    }

    /// Works on a campaign's atlas; nil where it asks for no pictures.
    private func withAtlas<Result>(
        of campaign: CampaignID,
        _ body: (inout AtlasMerge?) throws -> Result
    ) throws -> Result {
        var atlas: AtlasMerge?
        // Taken out, so that it is changed in place.
        if let known = atlases.withLock({ $0.removeValue(forKey: campaign) }) {
            atlas = known.first
        } else {
            let manifest = try CampaignFiles.manifest(of: campaign, in: directory)
            atlas = try AtlasMerge(manifest, in: ReportFolder(directory, of: campaign, by: drafts))
        }
        defer {
            let kept = atlas.take()
            atlases.withLock { $0[campaign] = kept.map { [$0] } ?? [] }
        }
        return try body(&atlas)
    }

    /// Writes all that a campaign's jobs gave, `SUCCESS.json` last.
    ///
    /// - Returns: its comparison where it asked for one, and the names of all other files.
    func write(
        _ manifest: CampaignManifest,
        _ plan: JobPlan,
        _ results: CampaignResults,
        _ atlas: inout AtlasMerge?,
        to folder: ReportFolder
    ) throws -> (comparison: ComparisonReport?, files: [String]) {
        let report = try ComparisonMerge(manifest).report(from: results)
        var digests: [String: ContentDigest] = [:]
        let files = ReportFiles(directory, manifest)
        for (name, bytes) in try files.contents(of: report) {
            digests[name] = try folder.write(name, bytes)
        }
        try atlas?.complete(results)
        for (name, digest) in atlas?.digests ?? [:] { digests[name] = digest }
        try folder.finish(
            manifest.campaign,
            plan: plan,
            images: files.imageCounts,
            pictures: atlas?.counts,
            digests: digests
        )
        return (report, Array(digests.keys))
    }
}

/// A campaign of which not all jobs are done.
public struct UnfinishedCampaign: Error, Sendable, CustomStringConvertible {
    /// How far it is or why it failed, and what to do.
    public let description: String

    init(_ snapshot: CampaignSnapshot, of plan: JobPlan, in directory: JobDirectory) {
        let done = snapshot.counts(of: plan).values.reduce(0) { $0 + $1.done }
        let all = plan.buckets.reduce(0) { $0 + $1.jobs.count }
        description =
            "\(plan.campaign) is not complete: \(done) of \(counted(all, "job", "is", "are")) done; unless a coordinator runs already, "
            + "start: lucid-coordinator run --queue \(directory.root)"
    }

    init(_ unusable: UnusableResult, of campaign: CampaignID, in directory: JobDirectory) {
        description =
            "the report of \(campaign) cannot be written: \(unusable); have that job done again with: "
            + "lucid-coordinator repair --queue \(directory.root), and then lucid-worker --queue \(directory.root) "
            + "--until-empty"
    }

    init(_ campaign: CampaignID, failures: [JobID: Reason], in directory: JobDirectory) {
        let lines =
            ["\(campaign) failed: \(FailureSummary.count(of: failures))"]
            + FailureSummary(of: failures, in: directory).lines.map { "  \($0)" }
            + ["when the cause is mended: lucid-coordinator retry \(campaign) --queue \(directory.root)"]
        description = lines.joined(separator: "\n")
    }
}

extension JobDirectory {
    /// Why a registered campaign can never be complete; nil where it may be.
    public func failure(of campaign: CampaignID) throws -> UnfinishedCampaign? {
        var control = ControlReader(self)
        try control.refresh()
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
