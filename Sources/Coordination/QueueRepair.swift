// SPDX-License-Identifier: MIT

public import JobStorage
private import SystemPackage
private import SystemSupport

/// Does about problems what can be done without losing anything: nothing is deleted, only moved or done again.
public struct QueueRepair: Sendable {
    private let directory: JobDirectory
    private let content: any CampaignContent

    /// Repairs a job directory.
    public init(_ directory: JobDirectory, content: any CampaignContent) {
        self.directory = directory
        self.content = content
    }

    /// Does what can be done about a problem.
    ///
    /// - Throws: `FileError` where the directory refuses.
    /// - Returns: what was done, in words; nil where somebody else was quicker.
    public func repair(_ problem: QueueProblem) throws -> String? {
        switch problem.remedy {
        case .none: return nil
        case .remake(let job, let bucket):
            guard let campaign = problem.campaign else { return nil }
            let token = try directory.withScratch { scratch in
                try directory.remake(job, in: bucket, of: campaign, scratch: scratch)
            }
            return token.map { "job \(job.id) can be claimed in generation \($0.name.attempt.generation)" }
        case .redo(let job, let token, let bucket):
            guard let campaign = problem.campaign,
                try directory.withScratch({
                    try directory.reissue(job, token, in: bucket, of: campaign, scratch: $0)
                }) == .moved
            else { return nil }
            return "job \(job) is done again"
        case .supersede(let token):
            guard try directory.settle(token, .fail(.superseded), priority: 0) == .moved else { return nil }
            return "the void token of job \(token.name.job) is out of the way"
        case .quarantine(let file): return try quarantine(file)
        case .merge(let plan): return try merge(plan)
        case .discard(let file):
            let name = "\(file.lastComponent?.string ?? "file")-\(directory.surroundings.randomBits())"
            try directory.fileSystem.rename(file, to: directory.root.appending("trash").appending(name))
            return "\(file) is in the trash; submit its campaign again"
        }
    }

    private func merge(_ plan: PublicationPlan) throws -> String {
        do {
            let results = CampaignResults(directory, try directory.scan(plan.campaign))
            try content.merge(plan, results: results)
            return "the report of \(plan.campaign) is written anew"
        } catch let error as UnusableResult {
            return "\(error); repair once more when a worker has done that job again"
        }
    }

    /// Moves a damaged file away and starts its maker anew, in each campaign that is not complete.
    private func quarantine(_ file: FilePath) throws -> String? {
        guard try directory.quarantine(file) == .moved else { return nil }
        return try directory.withScratch { try remakeMaker(of: file, scratch: $0) }
    }

    private func remakeMaker(of file: FilePath, scratch: FilePath) throws -> String {
        var jobs: [JobID] = []
        for campaign in try directory.campaigns() where try !directory.isMerged(campaign) {
            guard let plan = try? directory.plan(of: campaign) else { continue }
            let snapshot = try directory.scan(campaign)
            for bucket in plan.buckets {
                for job in bucket.jobs where snapshot.state(of: job.id, in: bucket.name) == .done {
                    guard content.outputs(of: job).contains(file) else { continue }
                    let token = snapshot.token(of: job.id, in: bucket.name)
                    guard try directory.reissue(job.id, token, in: bucket, of: campaign, scratch: scratch) == .moved
                    else { continue }
                    jobs.append(job.id)
                }
            }
        }
        let again = jobs.isEmpty ? "" : "; made again by \(jobs.map(\.description).joined(separator: ", "))"
        return "\(file) is moved away\(again)"
    }
}
