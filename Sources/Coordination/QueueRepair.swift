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

    /// What came of a problem.
    public struct Outcome: Equatable, Sendable {
        /// How far it is mended.
        public enum Standing: Sendable {
            /// It is.
            case mended
            /// It will be, when a worker has done a job again.
            case begun
            /// What was damaged is out of the way, and nothing makes it again by itself.
            case movedAway
        }

        /// How far it is mended.
        public let standing: Standing
        /// What was done.
        public let words: String

        init(_ standing: Standing, _ words: String) {
            (self.standing, self.words) = (standing, words)
        }
    }

    /// Does what can be done about a problem.
    ///
    /// - Throws: `FileError` where the directory refuses.
    /// - Returns: what came of it; nil where a person must decide, or somebody else was quicker.
    public func repair(_ problem: QueueProblem) throws -> Outcome? {
        let outcome = try attend(to: problem)
        // Only now, since whoever notes an end looks for work afterwards.
        if let campaign = problem.campaign { try directory.withdrawEndNotes(of: campaign) }
        return outcome
    }

    private func attend(to problem: QueueProblem) throws -> Outcome? {
        switch problem.remedy {
        case .none: return nil
        case .restoreToken(let job, let bucket):
            guard let campaign = problem.campaign else { return nil }
            let token = try directory.withScratch { scratch in
                try directory.restoreToken(of: job, in: bucket, of: campaign, scratch: scratch)
            }
            return token.map { token in
                Outcome(.begun, "job \(job.id) can be claimed in generation \(token.name.attempt.generation)")
            }
        case .reissue(let job, let token, let bucket):
            guard let campaign = problem.campaign else { return nil }
            let move = try directory.withScratch { scratch in
                try directory.reissue(job, token, in: bucket, of: campaign, scratch: scratch)
            }
            return Outcome(.begun, "job \(job) \(move == .moved ? "can be claimed again" : "was started anew before")")
        case .settle(let token, let decision, let bucket): return try settle(token, decision, bucket)
        case .supersede(let token):
            guard try directory.settle(token, .fail(.superseded), priority: 0) == .moved else { return nil }
            return Outcome(.mended, "the void token of job \(token.name.job) is out of the way")
        case .quarantine(let file): return try quarantine(file)
        case .merge(let plan): return try merge(plan)
        case .discard(let file):
            let name = "\(file.lastComponent?.string ?? "file")-\(directory.platform.randomBits())"
            try directory.fileSystem.rename(file, to: directory.root.appending("trash").appending(name))
            return Outcome(.movedAway, "\(file) is in the trash; submit its campaign again")
        }
    }

    private func settle(
        _ token: Token,
        _ decision: SweepDecision,
        _ bucket: JobPlan.Bucket
    ) throws -> Outcome? {
        // The result's name may not be durable yet, which it is to be before `done`.
        if decision == .complete { try directory.synchronizeResult(of: token) }
        guard try directory.settle(token, decision, priority: bucket.priority) == .moved else { return nil }
        let job = token.name.job
        return switch decision {
        case .complete: Outcome(.mended, "job \(job) had a result, and is done")
        case .requeue: Outcome(.begun, "job \(job) can be claimed again")
        case .fail(let reason):
            Outcome(
                .movedAway,
                "job \(job) failed: \(reason); see: lucid-coordinator why \(job) --queue \(directory.root)"
            )
        }
    }

    private func merge(_ plan: JobPlan) throws -> Outcome {
        do {
            let results = CampaignResults(directory, try directory.scan(plan.campaign))
            try content.merge(plan, results: results)
            return Outcome(.mended, "the report of \(plan.campaign) is written anew")
        } catch let error as UnusableResult {
            return Outcome(.begun, "\(error); repair once more when a worker has done that job again")
        }
    }

    /// Moves a damaged file away and starts its maker anew, in each campaign that is not complete or keeps the array.
    private func quarantine(_ file: FilePath) throws -> Outcome? {
        guard try directory.quarantine(file) == .moved else { return nil }
        var jobs: [JobID] = []
        for campaign in try directory.campaigns() where try needs(file, campaign) {
            guard let plan = try? directory.plan(of: campaign) else { continue }
            let begun = try directory.withScratch { try makers(of: file, in: plan, scratch: $0) }
            if !begun.isEmpty { try directory.withdrawEndNotes(of: campaign) }
            jobs += begun
        }
        guard !jobs.isEmpty else {
            return Outcome(.movedAway, "\(file) is moved away; a campaign that needs it makes it again")
        }
        let names = Set(jobs).sorted().map(\.description).joined(separator: ", ")
        return Outcome(.begun, "\(file) is moved away, to be made again by \(names)")
    }

    private func needs(_ file: FilePath, _ campaign: CampaignID) throws -> Bool {
        guard try directory.isMerged(campaign) else { return true }
        guard let array = directory.array(holding: file) else { return false }
        return try KeptArrays(directory: directory, content: content).arrays(of: campaign).contains(array)
    }

    /// The jobs of a campaign that will make a file, started anew where they were done.
    private func makers(of file: FilePath, in plan: JobPlan, scratch: FilePath) throws -> [JobID] {
        var jobs: [JobID] = []
        let snapshot = try directory.scan(plan.campaign)
        for bucket in plan.buckets {
            for job in bucket.jobs where content.outputs(of: job).contains(file) {
                switch snapshot.state(of: job.id, in: bucket.name) {
                case .pending, .running, .returned: jobs.append(job.id)
                case .done:
                    let token = snapshot.token(of: job.id, in: bucket.name)
                    _ = try directory.reissue(job.id, token, in: bucket, of: plan.campaign, scratch: scratch)
                    jobs.append(job.id)
                case .failed, nil: break
                }
            }
        }
        return jobs
    }
}
