// SPDX-License-Identifier: MIT

public import JobStorage
private import SystemSupport

/// Why a job stands where it stands, in the form that `why --json` prints.
public struct JobExplanation: Codable, Sendable {
    /// One try at the job.
    public struct Attempt: Equatable, Codable, Sendable {
        /// How often the job had been started anew, from 1.
        public let generation: Int
        /// The number of the attempt in its generation.
        public let attempt: Int
        /// Who made it.
        public let worker: WorkerName?
        /// "running", "done", "fenced", "crashed", or the code with which it was given back.
        public let outcome: String
        /// Why, in words.
        public let message: String

        enum CodingKeys: String, CodingKey {
            case generation, attempt, worker, outcome, message
        }

        /// Writes every key, null where there is nothing to say.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(generation, forKey: .generation)
            try container.encode(attempt, forKey: .attempt)
            try container.encode(worker, forKey: .worker)
            try container.encode(outcome, forKey: .outcome)
            try container.encode(message, forKey: .message)
        }
    }

    /// Where the job stands.
    public let entry: JobEntry
    /// The jobs that must be done first and are not.
    public let waitsFor: [JobID]
    /// What was tried so far.
    public let attempts: [Attempt]
    /// Why it stands there, and what to do about it, in words.
    public let explanation: [String]

    enum CodingKeys: String, CodingKey {
        case waitsFor = "waits_for"
        case attempts, explanation
    }

    init(entry: JobEntry, waitsFor: [JobID], attempts: [Attempt], explanation: [String]) {
        self.entry = entry
        self.waitsFor = waitsFor
        self.attempts = attempts
        self.explanation = explanation
    }

    /// Reads what was written.
    public init(from decoder: any Decoder) throws {
        entry = try JobEntry(from: decoder)
        let container = try decoder.container(keyedBy: CodingKeys.self)
        waitsFor = try container.decode([JobID].self, forKey: .waitsFor)
        attempts = try container.decode([Attempt].self, forKey: .attempts)
        explanation = try container.decode([String].self, forKey: .explanation)
    }

    /// Writes the entry's keys beside the others.
    public func encode(to encoder: any Encoder) throws {
        try entry.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(waitsFor, forKey: .waitsFor)
        try container.encode(attempts, forKey: .attempts)
        try container.encode(explanation, forKey: .explanation)
    }
}

extension QueueInquiry {
    /// Explains where a job stands; nil for a job of no campaign that was looked at.
    ///
    /// - Parameters:
    ///   - place: the job.
    ///   - workers: the workers that are there.
    /// - Returns: the explanation.
    public func explanation(of place: Place, workers: [QueueStatus.Worker]) -> JobExplanation? {
        guard let entry = entry(of: place), let observation = observations[place.campaign],
            let bucket = observation.bucket(of: place.job)
        else { return nil }
        let records = LogReader(directory).records(of: [place.job], in: place.campaign)
        let open = openJobs(before: bucket, observation)
        let attempts = Self.attempts(records, observation.snapshot.token(of: place.job, in: bucket.name))
        return JobExplanation(
            entry: entry,
            waitsFor: open.map(\.id),
            attempts: attempts,
            explanation: words(for: entry, open, observation, attempts.last, workers)
        )
    }

    /// The jobs that a bucket waits for and that are not done.
    private func openJobs(before bucket: JobPlan.Bucket, _ observation: Observation) -> [JobEntry] {
        let needed = Set(bucket.dependsOn)
        return observation.plan.buckets.filter { needed.contains($0.name) }.flatMap { other in
            other.jobs.map { JobEntry($0.id, in: other, of: observation.plan.campaign, observation.snapshot, control) }
        }
        .filter { $0.state != .done }
    }

    /// The last word on each attempt, and the running one.
    private static func attempts(_ records: [LogRecord], _ token: Token?) -> [JobExplanation.Attempt] {
        var attempts: [JobExplanation.Attempt] = []
        for record in records {
            let attempt = JobExplanation.Attempt(
                generation: record.attempt.generation,
                attempt: record.attempt.number,
                worker: record.worker,
                outcome: record.outcome,
                message: record.message
            )
            let isSame = attempts.last.map { ($0.generation, $0.attempt) == (attempt.generation, attempt.attempt) }
            if isSame ?? false { attempts.removeLast() }
            attempts.append(attempt)
        }
        guard let name = token?.name, let worker = name.worker else { return attempts }
        let isKnown = attempts.contains {
            ($0.generation, $0.attempt) == (name.attempt.generation, name.attempt.number)
        }
        if name.folder == .running || !isKnown {
            attempts.removeAll { ($0.generation, $0.attempt) == (name.attempt.generation, name.attempt.number) }
            let current = JobExplanation.Attempt(
                generation: name.attempt.generation,
                attempt: name.attempt.number,
                worker: worker,
                outcome: name.reason?.description ?? name.folder.rawValue,
                message: ""
            )
            attempts.append(current)
        }
        return attempts
    }

    private func words(
        for entry: JobEntry,
        _ open: [JobEntry],
        _ observation: Observation,
        _ last: JobExplanation.Attempt?,
        _ workers: [QueueStatus.Worker]
    ) -> [String] {
        let queue = "--queue \(directory.root)"
        switch entry.state {
        case .done where entry.attempt == 0: return ["what it makes was there before it was to run"]
        case .done: return ["done by \(entry.worker?.description ?? "a worker") in attempt \(entry.attempt)"]
        case .running: return running(entry, workers)
        case .failed: return failed(entry, last, queue)
        case .waiting:
            let blockers = open.filter { $0.state == .failed }
            if let blocker = blockers.first {
                return [
                    "it waits for jobs that failed, \(blocker.id) for one (\(blocker.reason ?? "no reason known"))",
                    "see: lucid-coordinator why \(blocker.id) \(queue)",
                ]
            }
            if open.isEmpty {
                return ["it can be published now; is a coordinator running? lucid-coordinator run \(queue)"]
            }
            return ["it is published when \(counted(open.count, "other job", "is", "are")) done"]
        case .pending: return pending(entry, observation, workers, queue)
        }
    }

    private func running(_ entry: JobEntry, _ workers: [QueueStatus.Worker]) -> [String] {
        guard let worker = workers.first(where: { $0.id == entry.worker }) else {
            return ["its worker has left or cannot be seen; a coordinator gives the job to another"]
        }
        if worker.state == "dead" {
            return ["its worker died; a coordinator gives the job to another"]
        }
        guard worker.jobs.contains(entry.id) else {
            return ["its worker on \(worker.host) does not list it; a coordinator gives it to another if that stays so"]
        }
        return ["held by a worker on \(worker.host), which is \(worker.state)"]
    }

    private func failed(_ entry: JobEntry, _ last: JobExplanation.Attempt?, _ queue: String) -> [String] {
        if entry.reason == Reason.cancelled.description {
            let reason = control.cancellation(of: entry.id, of: entry.campaign) ?? ""
            return ["cancelled" + (reason.isEmpty ? "" : ": \(reason)")]
        }
        let words =
            switch entry.reason {
            case Reason.poison.description:
                "\(counted(directory.settings.crashLimit, "worker", "was", "were")) lost while running it"
            case Reason.inputLost.description: "an input is lost and could not be made again"
            default: last?.message ?? ""
            }
        return [
            words.isEmpty ? "it failed: \(entry.reason ?? "no reason known")" : words,
            "when the cause is gone: lucid-coordinator retry \(entry.id) \(queue)",
        ]
    }

    private func pending(
        _ entry: JobEntry,
        _ observation: Observation,
        _ workers: [QueueStatus.Worker],
        _ queue: String
    ) -> [String] {
        if control.isPaused { return ["the queue is paused; go on with: lucid-coordinator resume \(queue)"] }
        if control.isPaused(entry.id, of: entry.campaign) {
            return ["its campaign is paused; go on with: lucid-coordinator resume \(entry.campaign) \(queue)"]
        }
        if observation.snapshot.tokens[entry.id] == nil {
            return ["no token of it was seen; a coordinator makes it again if that stays so"]
        }
        if entry.reason == Reason.awaitingInput.description {
            return ["an input of it was lost and is being made again"]
        }
        if entry.reason != nil { return ["it was handed back; a coordinator makes it claimable again"] }
        let able = workers.filter { $0.state == "idle" || $0.state == "working" }
        if able.isEmpty { return ["there is no worker; start one with: lucid-worker \(queue)"] }
        let busy = able.count { $0.state == "working" }
        return ["it can be claimed; \(counted(able.count, "worker", "is", "are")) there, \(busy) of them at work"]
    }
}
