// SPDX-License-Identifier: MIT

/// What a user told a queue, a campaign, a job or a worker to do; written once.
public struct ControlRecord: Hashable, Codable, Sendable {
    /// What can be said.
    public enum Verb: String, Codable, Sendable, CaseIterable {
        /// Nothing more of the scope is claimed.
        case pause
        /// The scope's pause is over.
        case resume
        /// The workers of the scope that are there now hand back what they run and leave.
        case drain
        /// The scope's jobs are not to be done.
        case cancel
        /// The scope's jobs are to be done after all.
        case retry
    }

    /// What is meant: the queue where nothing is named.
    public struct Scope: Hashable, Codable, Sendable {
        /// The campaign, of a campaign's or a job's scope.
        public let campaign: CampaignID?
        /// The job, of a job's scope.
        public let job: JobID?
        /// The worker, of a worker's scope.
        public let worker: WorkerName?

        /// The whole queue.
        public static let queue = Scope(campaign: nil, job: nil, worker: nil)

        /// One campaign.
        public static func campaign(_ campaign: CampaignID) -> Scope {
            Scope(campaign: campaign, job: nil, worker: nil)
        }

        /// One job of a campaign.
        public static func job(_ job: JobID, of campaign: CampaignID) -> Scope {
            Scope(campaign: campaign, job: job, worker: nil)
        }

        /// One worker.
        public static func worker(_ worker: WorkerName) -> Scope {
            Scope(campaign: nil, job: nil, worker: worker)
        }

        private init(campaign: CampaignID?, job: JobID?, worker: WorkerName?) {
            self.campaign = campaign
            self.job = job
            self.worker = worker
        }

        var isSensible: Bool {
            worker == nil ? job == nil || campaign != nil : campaign == nil && job == nil
        }
    }

    /// The version of the format.
    public let format: Int
    /// The job directory that it was said to.
    public let run: String
    /// What was said.
    public let verb: Verb
    /// Of what.
    public let scope: Scope
    /// Why, in the user's words.
    public let reason: String
    /// Seconds since 1970 on the user's clock, for people.
    public let time: Double
    /// Tells this record from one that says the same.
    public let nonce: String

    init(run: String, verb: Verb, scope: Scope, reason: String, time: Double, nonce: String) {
        format = QueueSettings.formatVersion
        self.run = run
        self.verb = verb
        self.scope = scope
        self.reason = String(reason.prefix(500))
        self.time = time
        self.nonce = nonce
    }

    func isSensible(in run: String) -> Bool {
        format == QueueSettings.formatVersion && self.run == run && scope.isSensible && reason.utf8.count <= 4000
            && (scope.worker == nil || verb == .drain)
    }
}

/// What holds at a time, by all that was said until then.
///
/// Of each scope the last word counts: of `pause` and `resume`, and of `cancel` and `retry`, each pair by itself.
public struct ControlState: Equatable, Sendable {
    private enum Verdict: Equatable {
        case wanted
        case cancelled(String)

        var reason: String? {
            if case .cancelled(let reason) = self { reason } else { nil }
        }
    }

    /// The number of the last record that was taken in; 0 where there is none.
    public private(set) var number = 0
    private var paused: [ControlRecord.Scope: Bool] = [:]
    private var wishes: [ControlRecord.Scope: Verdict] = [:]
    private var lastDrain: [ControlRecord.Scope: Int] = [:]
    /// The number of the last cancel or retry that concerned a campaign or a job of it, and of the whole queue.
    private var lastWishes: [CampaignID: Int] = [:]
    private var lastQueueWish = 0

    /// Nothing was said.
    public init() {}

    /// Takes in the next record.
    public mutating func apply(_ record: ControlRecord, number: Int) {
        self.number = max(self.number, number)
        switch record.verb {
        case .pause: paused[record.scope] = true
        case .resume: paused[record.scope] = false
        case .cancel: decide(record.scope, .cancelled(record.reason), number)
        case .retry: decide(record.scope, .wanted, number)
        case .drain: lastDrain[record.scope] = number
        }
    }

    /// The last word on a scope holds for all inside it: what was said before of its jobs one by one is over.
    private mutating func decide(_ scope: ControlRecord.Scope, _ verdict: Verdict, _ number: Int) {
        if let campaign = scope.campaign { lastWishes[campaign] = number } else { lastQueueWish = number }
        wishes = wishes.filter { other, _ in
            scope != .queue && (scope.job != nil || other.campaign != scope.campaign)
        }
        wishes[scope] = verdict
    }

    /// Whether the whole queue is paused.
    public var isPaused: Bool { paused[.queue] ?? false }

    /// Whether a campaign is paused, or all are.
    public func isPaused(_ campaign: CampaignID) -> Bool { isPaused || (paused[.campaign(campaign)] ?? false) }

    /// Whether a job is paused by any scope that holds it.
    public func isPaused(_ job: JobID, of campaign: CampaignID) -> Bool {
        isPaused(campaign) || (paused[.job(job, of: campaign)] ?? false)
    }

    /// Why a campaign was cancelled, by itself or with the queue; nil where it was not.
    public func cancellation(of campaign: CampaignID) -> String? {
        (wishes[.campaign(campaign)] ?? wishes[.queue])?.reason
    }

    /// Why a job was cancelled, by itself or with its campaign; nil where it was not.
    public func cancellation(of job: JobID, of campaign: CampaignID) -> String? {
        guard let own = wishes[.job(job, of: campaign)] else { return cancellation(of: campaign) }
        return own.reason
    }

    /// The number of the last record that cancelled or retried a campaign or any job of it; 0 where there is none.
    func lastWish(for campaign: CampaignID) -> Int { max(lastQueueWish, lastWishes[campaign] ?? 0) }

    /// Whether a campaign, or any job of it, was cancelled.
    public func hasCancellation(in campaign: CampaignID) -> Bool {
        cancellation(of: campaign) != nil
            || wishes.contains { scope, verdict in scope.campaign == campaign && verdict.reason != nil }
    }

    /// Whether a job may be claimed.
    public func allows(_ job: JobID, of campaign: CampaignID) -> Bool {
        !isPaused(job, of: campaign) && cancellation(of: job, of: campaign) == nil
    }

    /// Whether a worker is to leave that was there from a record on.
    public func drains(_ worker: WorkerName, since number: Int) -> Bool {
        max(lastDrain[.queue] ?? 0, lastDrain[.worker(worker)] ?? 0) > number
    }
}
