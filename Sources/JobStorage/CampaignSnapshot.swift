// SPDX-License-Identifier: MIT

/// Where every job of a campaign's published buckets stood when they were listed.
///
/// Listings are hints: a job that was just moving may be missing.
public struct CampaignSnapshot: Equatable, Sendable {
    /// The token of each job, the most advanced where two were seen.
    public private(set) var tokens: [JobID: Token] = [:]
    /// The published buckets.
    public private(set) var published: [BucketName: PublishedBucket] = [:]
    /// The jobs that were complete when their bucket was published and have no token to this day.
    public private(set) var complete: Set<JobID> = []
    /// Tokens beside which one of a higher generation was seen: they count for nothing.
    public private(set) var void: Set<Token> = []

    /// A snapshot in which nothing is published yet.
    public init() {}

    /// Adds a published bucket.
    public mutating func add(_ bucket: PublishedBucket, named name: BucketName) {
        published[name] = bucket
    }

    /// Adds jobs that are complete without a token.
    public mutating func add(complete jobs: some Sequence<JobID>) {
        complete.formUnion(jobs)
    }

    /// Adds a token that was seen; one that was superseded stands for its job no more, and counts as none.
    public mutating func add(_ token: Token) {
        if token.name.reason == .superseded { return }
        guard let other = tokens[token.name.job] else {
            tokens[token.name.job] = token
            return
        }
        let isNewer = token.name.supersedes(other.name)
        let (newer, older) = isNewer ? (token, other) : (other, token)
        tokens[token.name.job] = newer
        let isVoid = older.name.attempt.generation < newer.name.attempt.generation
        if isVoid, older.name.folder != .failed { void.insert(older) }
    }

    /// Adds all that another snapshot has seen.
    public mutating func merge(_ other: CampaignSnapshot) {
        published.merge(other.published) { mine, _ in mine }
        complete.formUnion(other.complete)
        void.formUnion(other.void)
        for token in other.tokens.values { add(token) }
    }

    /// Drops all that was seen of a bucket, so that it is listed again.
    public mutating func forget(_ bucket: PublicationPlan.Bucket) {
        guard published.removeValue(forKey: bucket.name) != nil else { return }
        for job in bucket.jobs {
            tokens[job.id] = nil
            complete.remove(job.id)
        }
        void = void.filter { $0.bucket != bucket.name }
    }
}

extension TokenName {
    /// Whether this token says more about its job than another one of the same job.
    ///
    /// Of two that are done, all observers choose the same: the earlier attempt, then the smaller worker's name.
    func supersedes(_ other: TokenName) -> Bool {
        if attempt.generation != other.attempt.generation { return attempt.generation > other.attempt.generation }
        if case .done(let worker) = standing, case .done(let otherWorker) = other.standing {
            return (attempt.number, worker) < (other.attempt.number, otherWorker)
        }
        if folder == .done || other.folder == .done { return folder == .done }
        if attempt.number != other.attempt.number { return attempt.number > other.attempt.number }
        return folder.rank > other.folder.rank
    }
}

extension TokenFolder {
    /// The order in which an attempt goes through the folders, which is also the order in which they are listed.
    var rank: Int {
        switch self {
        case .pending: 0
        case .running: 1
        case .returned: 2
        case .failed: 3
        case .done: 4
        }
    }
}

/// How many jobs of a kind are where.
public struct JobCounts: Equatable, Codable, Sendable {
    /// Not yet published.
    public var waiting = 0
    /// Claimable, or handed back and soon claimable.
    public var pending = 0
    /// Held by a worker.
    public var running = 0
    /// Ended with a result, or complete before.
    public var done = 0
    /// Ended for good without a result.
    public var failed = 0

    /// No jobs at all.
    public init() {}
}

extension CampaignSnapshot {
    /// Where a job of a published bucket stands; nil where its bucket is not published.
    public func state(of job: JobID, in bucket: BucketName) -> TokenFolder? {
        guard published[bucket] != nil else { return nil }
        return tokens[job]?.name.folder ?? (complete.contains(job) ? .done : .pending)
    }

    /// The jobs of a published bucket of which no token was seen, though none was complete before.
    public func missingJobs(of bucket: PublicationPlan.Bucket) -> [JobSpecification] {
        guard published[bucket.name] != nil else { return [] }
        return bucket.jobs.filter { tokens[$0.id] == nil && !complete.contains($0.id) }
    }

    /// Counts the jobs of a plan by kind and state; those that a user cancelled have failed.
    public func counts(of plan: PublicationPlan, _ control: ControlState = ControlState()) -> [String: JobCounts] {
        var counts: [String: JobCounts] = [:]
        for bucket in plan.buckets {
            var ofBucket = counts[bucket.kind] ?? JobCounts()
            for job in bucket.jobs {
                let state = state(of: job.id, in: bucket.name, plan.campaign, control)
                ofBucket[keyPath: Self.column(of: state)] += 1
            }
            counts[bucket.kind] = ofBucket
        }
        return counts
    }

    /// Where a job stands, counting one that a user cancelled before it began as failed.
    private func state(
        of job: JobID,
        in bucket: BucketName,
        _ campaign: CampaignID,
        _ control: ControlState
    ) -> TokenFolder? {
        let state = state(of: job, in: bucket)
        switch state {
        case .running, .done, .failed: return state
        case nil, .pending, .returned: return control.cancellation(of: job, of: campaign) == nil ? state : .failed
        }
    }

    private static func column(of state: TokenFolder?) -> WritableKeyPath<JobCounts, Int> {
        switch state {
        case nil: \.waiting
        case .pending, .returned: \.pending
        case .running: \.running
        case .done: \.done
        case .failed: \.failed
        }
    }

    /// Whether all jobs of a bucket are done.
    public func isDone(_ bucket: PublicationPlan.Bucket) -> Bool {
        bucket.jobs.allSatisfy { state(of: $0.id, in: bucket.name) == .done } && published[bucket.name] != nil
    }

    /// The buckets that are to be published now: all that they depend on is done, and some of their jobs are wanted.
    public func bucketsToPublish(
        of plan: PublicationPlan,
        _ control: ControlState = ControlState()
    ) -> [PublicationPlan.Bucket] {
        let done = Set(plan.buckets.filter { isDone($0) }.map(\.name))
        return plan.buckets.filter { bucket in
            published[bucket.name] == nil && done.isSuperset(of: bucket.dependsOn)
                && bucket.jobs.contains { control.cancellation(of: $0.id, of: plan.campaign) == nil }
        }
    }

    /// What the campaign has come to by its plan, and by what its user said.
    public func outcome(of plan: PublicationPlan, _ control: ControlState = ControlState()) -> CampaignOutcome {
        var failures: [JobID: Reason] = [:]
        var isAllDone = true
        for bucket in plan.buckets {
            for job in bucket.jobs {
                switch state(of: job.id, in: bucket.name, plan.campaign, control) {
                case .done: break
                case nil: isAllDone = false
                case .failed:
                    isAllDone = false
                    failures[job.id] = tokens[job.id]?.name.reason ?? .cancelled
                case .pending, .running, .returned: return .underWay
                }
            }
            // An empty bucket has nothing to tell but whether it is published.
            if published[bucket.name] == nil { isAllDone = false }
        }
        if isAllDone { return .done }
        return failures.isEmpty || !bucketsToPublish(of: plan, control).isEmpty ? .underWay : .failed(failures)
    }
}

/// What a campaign has come to.
public enum CampaignOutcome: Equatable, Sendable {
    /// Something can still be done.
    case underWay
    /// Every job is done.
    case done
    /// Some jobs failed for good, and nothing else can be done without them.
    case failed([JobID: Reason])
}
