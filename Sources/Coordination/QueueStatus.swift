// SPDX-License-Identifier: MIT

public import JobStorage
public import SystemSupport

/// Where all campaigns and workers stand, in the form that `status --json` prints.
public struct QueueStatus: Equatable, Codable, Sendable {
    /// A campaign's line.
    public struct Campaign: Equatable, Codable, Sendable {
        /// Its name.
        public let id: CampaignID
        /// Where it stands as a whole.
        public let state: CampaignState
        /// Its jobs by kind.
        public let jobs: [String: JobCounts]
    }

    /// Where a campaign stands as a whole.
    public enum CampaignState: String, Codable, Sendable {
        /// Something can still be done.
        case running
        /// Its reports are complete.
        case done
        /// Some jobs failed for good, and nothing else can be done.
        case failed
        /// A user cancelled it, and nothing of it runs any more.
        case cancelled
        /// A user paused it, or the whole queue.
        case paused

        /// Whether nothing more happens to it unless somebody says so.
        public var isFinal: Bool { self == .done || self == .failed || self == .cancelled }
    }

    /// A worker's line.
    public struct Worker: Equatable, Codable, Sendable {
        /// Its name.
        public let id: WorkerName
        /// Its machine.
        public let host: String
        /// What it says it is at, or "dead" where its process is gone beyond doubt.
        public let state: String
        /// The jobs that it holds.
        public let jobs: [JobID]
    }

    /// All campaigns, by name.
    public let campaigns: [Campaign]
    /// All workers that have not left of their own will, by name.
    public let workers: [Worker]
}

/// Where all campaigns and workers stand, and how far running jobs are.
public struct QueueOverview: Equatable, Sendable {
    /// What `status --json` prints.
    public let status: QueueStatus
    /// For each campaign the part that is done, from 0 to 1, with the parts of running jobs that are done.
    public let progress: [CampaignID: Double]
    /// For each campaign of which nothing can be told, why.
    public let problems: [CampaignID: String]
    /// How far the jobs are that workers hold.
    let held: [JobID: Progress]

    init(
        status: QueueStatus,
        progress: [CampaignID: Double],
        problems: [CampaignID: String],
        held: [JobID: Progress] = [:]
    ) {
        self.status = status
        self.progress = progress
        self.problems = problems
        self.held = held
    }

    /// Reads the whole directory once.
    public init(of directory: JobDirectory, seenFrom observer: HostIdentity) throws(FileError) {
        var queueObserver = QueueObserver(directory, seenFrom: observer)
        self = try queueObserver.observe()
    }

    /// A campaign runs until its reports are complete, even when all its jobs are done.
    static func state(
        _ outcome: CampaignOutcome,
        isMerged: Bool,
        of campaign: CampaignID,
        _ control: ControlState
    ) -> QueueStatus.CampaignState {
        if isMerged { return .done }
        if case .failed = outcome { return control.cancellation(of: campaign) == nil ? .failed : .cancelled }
        return control.isPaused(campaign) ? .paused : .running
    }

    /// The part of all jobs that is done, with what is done of running ones.
    static func doneFraction(_ counts: [String: JobCounts], running: Double = 0) -> Double {
        let total = counts.values.reduce(0) { $0 + $1.waiting + $1.pending + $1.running + $1.done + $1.failed }
        let done = counts.values.reduce(0) { $0 + $1.done }
        return total == 0 ? 1 : (Double(done) + running) / Double(total)
    }
}

extension EndNote.State {
    /// The state of a campaign that ended so.
    var campaignState: QueueStatus.CampaignState {
        switch self {
        case .done: .done
        case .failed: .failed
        case .cancelled: .cancelled
        }
    }
}
