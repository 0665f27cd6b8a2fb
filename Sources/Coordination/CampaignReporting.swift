// SPDX-License-Identifier: MIT

private import Campaigns
public import JobStorage
public import Reports
public import SystemPackage

/// A campaign's report, and what its user should know of it.
public struct CampaignReport: Sendable {
    /// The comparison, where the campaign asked for one.
    public let comparison: ComparisonReport?
    /// Where the files are.
    public let folder: FilePath
    /// How many pictures failed, and where the reasons are; nil where none did.
    public let failureNote: String?
    /// What is wrong with files that were written before; nil where nothing is.
    public let damage: ReportDamage?
}

extension NetworkCampaigns {
    /// Merges a campaign whose jobs are done, and writes its reports.
    ///
    /// - Parameters:
    ///   - campaign: the campaign.
    ///   - folder: where to write; the campaign's own folder of reports where nil.
    ///   - onProgress: is told how many files of a report that was written before have been read, and how many there are.
    /// - Throws: `UnfinishedCampaign` where jobs are missing or their results are lost; `SubmissionError` where there can
    ///   be no such folder.
    /// - Returns: the report.
    public func report(
        of campaign: CampaignID,
        to folder: FilePath?,
        onProgress: (_ done: Int, _ total: Int) -> Void
    ) throws -> CampaignReport {
        let plan = try directory.plan(of: campaign)
        let snapshot = try directory.scan(campaign)
        switch snapshot.outcome(of: plan) {
        case .done: break
        case .failed(let reasons): throw UnfinishedCampaign(campaign, failures: reasons, in: directory)
        case .underWay: throw UnfinishedCampaign(snapshot, of: plan, in: directory)
        }
        let results = CampaignResults(directory, snapshot)
        do {
            if let folder, folder != directory.reports(of: campaign) {
                return try export(plan, results, to: folder)
            }
            return try ownReport(plan, results, onProgress)
        } catch let error as UnusableResult {
            throw UnfinishedCampaign(error, of: campaign, in: directory)
        }
    }

    private func export(
        _ plan: JobPlan,
        _ results: CampaignResults,
        to target: FilePath
    ) throws -> CampaignReport {
        let manifest = try CampaignFiles.manifest(of: plan.campaign, in: directory)
        let export = try ReportExport(directory, to: target)
        var atlas = try AtlasMerge(manifest, in: export.folder)
        var comparison: ComparisonReport?
        try export.write {
            let written = try write(manifest, plan, results, &atlas, to: export.folder)
            comparison = written.comparison
            return written.files
        }
        let note = atlas.flatMap { MergedReport.failureNote($0.counts, in: target) }
        return CampaignReport(comparison: comparison, folder: target, failureNote: note, damage: nil)
    }

    private func ownReport(
        _ plan: JobPlan,
        _ results: CampaignResults,
        _ onProgress: (_ done: Int, _ total: Int) -> Void
    ) throws -> CampaignReport {
        let campaign = plan.campaign
        let isNew = try !directory.isMerged(campaign)
        if isNew { try merge(plan, results: results) }
        let manifest = try CampaignFiles.manifest(of: campaign, in: directory)
        let comparison = try ComparisonMerge(manifest).report(from: results)
        var (note, damage): (String?, ReportDamage?)
        do {
            let report = try MergedReport(of: campaign, in: directory)
            note = report.failureNote
            if !isNew { damage = try report.damage(onProgress: onProgress) }
        } catch let error as ReportDamage {
            damage = error
        }
        return CampaignReport(
            comparison: comparison,
            folder: directory.reports(of: campaign),
            failureNote: note,
            damage: damage
        )
    }
}
