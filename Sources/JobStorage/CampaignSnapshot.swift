// SPDX-License-Identifier: MIT

/// Where every job of a campaign's published buckets stood when they were listed.
///
/// Listings are hints: a job that was just moving may be missing. Kept by bucket, so that what is known of a bucket is
/// passed on whole, however many there are.
public struct CampaignSnapshot: Equatable, Sendable {
    /// What was seen of a bucket.
    fileprivate struct Observation: Equatable, Sendable {
        var published: PublishedBucket?
        var tokens: [JobID: Token] = [:]
        var complete: Set<JobID> = []
        var void: Set<Token> = []

        /// Adds a token, of which the more advanced stays.
        mutating func add(_ token: Token) {
            if token.name.reason == .superseded { return }
            guard let other = tokens.updateValue(token, forKey: token.name.job) else { return }
            let isNewer = token.name.supersedes(other.name)
            let (newer, older) = isNewer ? (token, other) : (other, token)
            if !isNewer { tokens[token.name.job] = other }
            let isVoid = older.name.attempt.generation < newer.name.attempt.generation
            if isVoid, older.name.folder != .failed { void.insert(older) }
        }

        mutating func merge(_ other: Observation) {
            published = published ?? other.published
            complete.formUnion(other.complete)
            void.formUnion(other.void)
            for token in other.tokens.values { add(token) }
        }

        /// Where a job stands, if the bucket is published.
        func folder(of job: JobID) -> TokenFolder {
            tokens[job]?.name.folder ?? (complete.contains(job) ? .done : .pending)
        }
    }

    /// The tokens of all buckets, the most advanced of each job.
    public struct Tokens: Sendable {
        fileprivate let observations: [BucketName: Observation]

        /// The token of a job, looked for in one bucket after another.
        public subscript(job: JobID) -> Token? {
            for observation in observations.values {
                if let token = observation.tokens[job] { return token }
            }
            return nil
        }

        /// All of them, in no particular order.
        public var values: some Sequence<Token> { observations.values.lazy.flatMap(\.tokens.values) }
    }

    private var observations: [BucketName: Observation] = [:]

    /// A snapshot in which nothing is published yet.
    public init() {}

    /// The tokens of all buckets.
    public var tokens: Tokens { Tokens(observations: observations) }

    /// The token of a job, the most advanced where two were seen.
    public func token(of job: JobID, in bucket: BucketName) -> Token? { observations[bucket]?.tokens[job] }

    /// What a bucket says of itself; nil for one that is not published.
    public func published(_ bucket: BucketName) -> PublishedBucket? { observations[bucket]?.published }

    /// The buckets in which jobs can be claimed.
    public var claimableBuckets: [BucketName] {
        observations.filter { $0.value.tokens.values.contains { $0.name.folder == .pending } }.map(\.key)
    }

    /// Tokens beside which one of a higher generation was seen: they count for nothing.
    public var void: Set<Token> { observations.values.reduce(into: []) { $0.formUnion($1.void) } }

    /// Adds a published bucket.
    public mutating func add(_ bucket: PublishedBucket, named name: BucketName) {
        observations[name, default: Observation()].published = bucket
    }

    /// Adds jobs of a bucket that were complete when it was published and have no token.
    public mutating func add(complete jobs: some Sequence<JobID>, in bucket: BucketName) {
        observations[bucket, default: Observation()].complete.formUnion(jobs)
    }

    /// Adds a token that was seen; one that was superseded stands for its job no more, and counts as none.
    public mutating func add(_ token: Token) {
        observations[token.bucket, default: Observation()].add(token)
    }

    /// Adds the tokens that one listing of a bucket showed.
    public mutating func add(_ tokens: [Token], in bucket: BucketName) {
        func add(to observation: inout Observation) {
            if observation.tokens.isEmpty { observation.tokens.reserveCapacity(tokens.count) }
            for token in tokens { observation.add(token) }
        }
        add(to: &observations[bucket, default: Observation()])
    }

    /// Adds all that another snapshot has seen.
    public mutating func merge(_ other: CampaignSnapshot) {
        observations.merge(other.observations) { mine, other in
            var both = mine
            both.merge(other)
            return both
        }
    }

    /// Drops all that was seen of a bucket, so that it is listed again.
    public mutating func forget(_ bucket: JobPlan.Bucket) {
        observations[bucket.name] = nil
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
        guard let observation = observations[bucket], observation.published != nil else { return nil }
        return observation.folder(of: job)
    }

    /// The jobs of a published bucket of which no token was seen, though none was complete before.
    public func missingJobs(of bucket: JobPlan.Bucket) -> [JobSpecification] {
        guard let observation = observations[bucket.name], observation.published != nil else { return [] }
        return bucket.jobs.filter { observation.tokens[$0.id] == nil && !observation.complete.contains($0.id) }
    }

    /// Counts the jobs of a plan by kind and state; those that a user cancelled have failed.
    public func counts(of plan: JobPlan, _ control: ControlState = ControlState()) -> [String: JobCounts] {
        let control = control.hasCancellation(in: plan.campaign) ? control : nil
        var counts: [String: JobCounts] = [:]
        for bucket in plan.buckets {
            var ofBucket = counts[bucket.kind] ?? JobCounts()
            visit(bucket, plan.campaign, control) { _, state in
                ofBucket[keyPath: Self.column(of: state)] += 1
                return true
            }
            counts[bucket.kind] = ofBucket
        }
        return counts
    }

    /// Says where the jobs of a bucket stand, one after another, until the body says no.
    ///
    /// One that a user cancelled before it began counts as failed. `control` is nil where nothing was cancelled.
    private func visit(
        _ bucket: JobPlan.Bucket,
        _ campaign: CampaignID,
        _ control: ControlState?,
        _ body: (JobID, TokenFolder?) -> Bool
    ) {
        let observation = observations[bucket.name].flatMap { $0.published == nil ? nil : $0 }
        for job in bucket.jobs {
            var state = observation?.folder(of: job.id)
            if let control, state == nil || state == .pending || state == .returned,
                control.cancellation(of: job.id, of: campaign) != nil
            {
                state = .failed
            }
            guard body(job.id, state) else { return }
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
    public func isDone(_ bucket: JobPlan.Bucket) -> Bool {
        guard let observation = observations[bucket.name], observation.published != nil else { return false }
        return bucket.jobs.allSatisfy { observation.folder(of: $0.id) == .done }
    }

    /// The buckets that are to be published now: all that they depend on is done, and some of their jobs are wanted.
    public func bucketsToPublish(
        of plan: JobPlan,
        _ control: ControlState = ControlState()
    ) -> [JobPlan.Bucket] {
        let waiting = plan.buckets.filter { published($0.name) == nil }
        // Nothing but what these wait for is asked about: most of the time none waits.
        let awaited = Set(waiting.flatMap(\.dependsOn))
        let done = Set(plan.buckets.filter { awaited.contains($0.name) && isDone($0) }.map(\.name))
        return waiting.filter { bucket in
            done.isSuperset(of: bucket.dependsOn)
                && bucket.jobs.contains { control.cancellation(of: $0.id, of: plan.campaign) == nil }
        }
    }

    /// What the campaign has come to by its plan, and by what its user said.
    public func outcome(of plan: JobPlan, _ control: ControlState = ControlState()) -> CampaignOutcome {
        let cancellations = control.hasCancellation(in: plan.campaign) ? control : nil
        var failures: [JobID: Reason] = [:]
        var isAllDone = true
        var isAnyOpen = false
        for bucket in plan.buckets where !isAnyOpen {
            visit(bucket, plan.campaign, cancellations) { job, state in
                switch state {
                case .done: break
                case nil: isAllDone = false
                case .failed:
                    isAllDone = false
                    failures[job] = token(of: job, in: bucket.name)?.name.reason ?? .cancelled
                case .pending, .running, .returned: isAnyOpen = true
                }
                return !isAnyOpen
            }
            // An empty bucket has nothing to tell but whether it is published.
            if published(bucket.name) == nil { isAllDone = false }
        }
        if isAnyOpen { return .underWay }
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
