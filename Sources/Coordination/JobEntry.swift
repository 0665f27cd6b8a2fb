// SPDX-License-Identifier: MIT

public import JobStorage

/// Where a job stands, in the form that `jobs --json` prints.
public struct JobEntry: Equatable, Codable, Sendable {
    /// Where a job can stand, as users are told.
    public enum State: String, Codable, Sendable, CaseIterable {
        /// Not yet published.
        case waiting
        /// Claimable, or handed back and soon claimable.
        case pending
        /// Held by a worker.
        case running
        /// Ended with a result, or complete before.
        case done
        /// Ended for good without a result.
        case failed

        init(_ folder: TokenFolder?) {
            self =
                switch folder {
                case nil: .waiting
                case .pending, .returned: .pending
                case .running: .running
                case .done: .done
                case .failed: .failed
                }
        }
    }

    /// The job.
    public let id: JobID
    /// Its campaign.
    public let campaign: CampaignID
    /// Its kind.
    public let kind: String
    /// Where it stands.
    public let state: State
    /// How often it was started anew, from 1; 0 for a job that is waiting or was complete before.
    public let generation: Int
    /// The number of its attempt in this generation; 0 as above.
    public let attempt: Int
    /// The worker that holds or held this attempt.
    public let worker: WorkerName?
    /// Why it came back or failed, or is not claimed: the word in its token's name, or "paused" or "cancelled".
    public let reason: String?

    enum CodingKeys: String, CodingKey {
        case id, campaign, kind, state, generation, attempt, worker, reason
    }

    /// Writes every key, null where there is nothing to say.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(campaign, forKey: .campaign)
        try container.encode(kind, forKey: .kind)
        try container.encode(state, forKey: .state)
        try container.encode(generation, forKey: .generation)
        try container.encode(attempt, forKey: .attempt)
        try container.encode(worker, forKey: .worker)
        try container.encode(reason, forKey: .reason)
    }
}

extension JobEntry {
    init(
        _ job: JobID,
        in bucket: JobPlan.Bucket,
        of campaign: CampaignID,
        _ snapshot: CampaignSnapshot,
        _ control: ControlState
    ) {
        let token = snapshot.token(of: job, in: bucket.name)
        let isCancelled = control.cancellation(of: job, of: campaign) != nil
        let seen = State(snapshot.state(of: job, in: bucket.name))
        id = job
        self.campaign = campaign
        kind = bucket.kind
        state = isCancelled && (seen == .waiting || seen == .pending) ? .failed : seen
        generation = token?.name.attempt.generation ?? 0
        attempt = token?.name.attempt.number ?? 0
        worker = token?.name.worker
        reason = Self.reason(token, seen, isCancelled: isCancelled, isPaused: control.isPaused(job, of: campaign))
    }

    private static func reason(_ token: Token?, _ state: State, isCancelled: Bool, isPaused: Bool) -> String? {
        let isOpen = state == .waiting || state == .pending
        if isOpen, isCancelled { return Reason.cancelled.description }
        if let reason = token?.name.reason { return reason.description }
        return isOpen && isPaused ? "paused" : nil
    }

    /// The entry for people: a line.
    public var line: String {
        var line = "\(id) \(state.rawValue)\t\(kind)\t\(campaign)"
        if attempt > 0 { line += "\tattempt \(attempt)" + (generation > 1 ? " of generation \(generation)" : "") }
        if let worker { line += "\ton \(worker.host)" }
        if let reason { line += "\t\(reason)" }
        return line
    }
}
