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
public struct QueueOverview: Sendable {
    /// What `status --json` prints.
    public let status: QueueStatus
    /// For each campaign the part that is done, from 0 to 1, with the parts of running jobs that are done.
    public let progress: [CampaignID: Double]

    /// Reads the whole directory once.
    public init(of directory: JobDirectory, seenFrom observer: HostIdentity) throws(FileError) {
        var workers: [QueueStatus.Worker] = []
        var held: [CampaignID: [JobID: Double]] = [:]
        for name in try directory.workersWithHeartbeat() {
            guard let beat = directory.heartbeat(of: name), beat.state != .stopped else { continue }
            let registration = directory.registration(of: name)
            let isDead = registration?.identity.isProvablyDead(seenFrom: observer) ?? false
            for attempt in beat.held { held[attempt.campaign, default: [:]][attempt.job] = attempt.progress.fraction }
            let worker = QueueStatus.Worker(
                id: name,
                host: name.host,
                state: isDead ? "dead" : beat.state.rawValue,
                jobs: beat.held.map(\.job)
            )
            workers.append(worker)
        }
        var campaigns: [QueueStatus.Campaign] = []
        var progress: [CampaignID: Double] = [:]
        for id in try directory.campaigns() {
            guard let plan = try? directory.plan(of: id) else { continue }
            let snapshot = try directory.scan(id)
            let counts = snapshot.counts(of: plan)
            let state = try Self.state(snapshot.outcome(of: plan), isMerged: directory.isMerged(id))
            campaigns.append(QueueStatus.Campaign(id: id, state: state, jobs: counts))
            progress[id] = Self.progress(counts, snapshot: snapshot, held: held[id] ?? [:])
        }
        status = QueueStatus(campaigns: campaigns, workers: workers)
        self.progress = progress
    }

    /// A campaign runs until its reports are complete, even when all its jobs are done.
    static func state(_ outcome: CampaignOutcome, isMerged: Bool) -> QueueStatus.CampaignState {
        if isMerged { return .done }
        if case .failed = outcome { return .failed }
        return .running
    }

    static func progress(
        _ counts: [String: JobCounts],
        snapshot: CampaignSnapshot,
        held: [JobID: Double]
    ) -> Double {
        let total = counts.values.reduce(0) { $0 + $1.waiting + $1.pending + $1.running + $1.done + $1.failed }
        let done = counts.values.reduce(0) { $0 + $1.done }
        let running = held.reduce(0.0) { sum, entry in
            snapshot.tokens[entry.key]?.name.folder == .running ? sum + entry.value : sum
        }
        return total == 0 ? 1 : (Double(done) + running) / Double(total)
    }
}
