// SPDX-License-Identifier: MIT

public import JobStorage
private import SystemSupport

/// Answers questions about single jobs, from one look at the job directory.
public struct QueueInquiry: Sendable {
    /// A campaign as it stood at the look.
    struct Observation: Sendable {
        let plan: JobPlan
        let snapshot: CampaignSnapshot
        let buckets: [JobID: Int]

        func bucket(of job: JobID) -> JobPlan.Bucket? { buckets[job].map { plan.buckets[$0] } }
    }

    /// A job and the campaign that it belongs to: the same work may be a job of several campaigns.
    public struct Place: Hashable, Sendable {
        /// The campaign.
        public let campaign: CampaignID
        /// The job.
        public let job: JobID
    }

    let directory: JobDirectory
    let control: ControlState
    private(set) var observations: [CampaignID: Observation] = [:]
    /// For each campaign of which nothing can be told, why; it does not keep others from being asked about.
    public private(set) var problems: [CampaignID: String] = [:]
    /// The campaigns that were looked at, by name.
    public let campaigns: [CampaignID]

    /// Looks at some campaigns.
    ///
    /// - Parameters:
    ///   - directory: the job directory.
    ///   - campaign: the one that is asked about; all where nil.
    /// - Throws: `FileError` or `PlanReadingError` where it cannot be read.
    public init(_ directory: JobDirectory, campaign: CampaignID? = nil) throws {
        self.directory = directory
        var reader = ControlReader(directory)
        try reader.refresh()
        control = reader.state
        campaigns = try campaign.map { [$0] } ?? directory.campaigns()
        for id in campaigns {
            let plan: JobPlan
            do throws(PlanReadingError) { plan = try directory.plan(of: id) } catch {
                if campaign != nil { throw error }
                if case .file(let refusal) = error, refusal.isTransient { throw refusal }
                problems[id] = "\(error)"
                continue
            }
            var buckets: [JobID: Int] = [:]
            for (number, bucket) in plan.buckets.enumerated() {
                for job in bucket.jobs { buckets[job.id] = number }
            }
            observations[id] = Observation(plan: plan, snapshot: try directory.scan(id), buckets: buckets)
        }
    }

    /// All jobs in the order of their plans, or those in one state.
    public func jobs(in state: JobEntry.State? = nil) -> [JobEntry] {
        campaigns.flatMap { campaign -> [JobEntry] in
            guard let observation = observations[campaign] else { return [] }
            return observation.plan.buckets.flatMap { bucket in
                bucket.jobs.map { JobEntry($0.id, in: bucket, of: campaign, observation.snapshot, control) }
            }
        }
        .filter { state == nil || $0.state == state }
    }

    /// Finds the job of an id, of its first digits, or of "CAMPAIGN/JOB".
    ///
    /// - Throws: `SubmissionError` where there is none, or more than one.
    public func locate(_ text: String) throws -> Place {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let wanted = parts.count == 2 ? try directory.campaign(called: String(parts[0])) : nil
        let digits = parts.last.map(String.init) ?? ""
        guard digits.utf8.count >= 4 else {
            throw SubmissionError("\"\(text)\" is too short for a job; give at least its first four digits")
        }
        var found: [Place] = []
        for campaign in campaigns where wanted == nil || wanted == campaign {
            let jobs = observations[campaign]?.buckets.keys.filter { $0.description.hasPrefix(digits) } ?? []
            found += jobs.sorted().map { Place(campaign: campaign, job: $0) }
        }
        switch found.count {
        case 1: return found[0]
        case 0:
            throw SubmissionError(
                "there is no job \"\(text)\"; list them with: lucid-coordinator jobs --queue \(directory.root)"
            )
        default:
            let some = found.prefix(5).map { "\($0.campaign)/\($0.job)" }.joined(separator: ", ")
            throw SubmissionError("\(found.count) jobs are called \"\(text)\"; give one of: \(some)")
        }
    }

    /// The campaign or job that a user names.
    ///
    /// - Throws: `SubmissionError` where there is none, or more than one.
    public func scope(called text: String) throws -> ControlRecord.Scope {
        if let campaign = try? directory.campaign(called: text) { return .campaign(campaign) }
        let isJob =
            text.contains("/") || JobID(text + String(repeating: "0", count: max(0, 32 - text.utf8.count))) != nil
        // The words for a campaign say which there are.
        guard isJob else { return .campaign(try directory.campaign(called: text)) }
        let place = try locate(text)
        return .job(place.job, of: place.campaign)
    }

    /// What is still paused, in words.
    public var pauses: [String] {
        if control.isPaused { return ["the whole queue is paused; go on with: resume"] }
        return campaigns.filter { control.isPaused($0) }.map {
            "\($0) is still paused by itself; go on with: resume \($0)"
        }
    }

    /// Where a job stands.
    public func entry(of place: Place) -> JobEntry? {
        guard let observation = observations[place.campaign], let bucket = observation.bucket(of: place.job) else {
            return nil
        }
        return JobEntry(place.job, in: bucket, of: place.campaign, observation.snapshot, control)
    }
}
