// SPDX-License-Identifier: MIT

public import SystemSupport

/// How far a running job is.
public struct Progress: Equatable, Codable, Sendable {
    /// From 0 to 1.
    public let fraction: Double
    /// A few words for people.
    public let text: String

    /// Brings the fraction into its range and cuts the text to 120 characters.
    public init(fraction: Double, text: String) {
        self.fraction = fraction.isFinite ? min(max(fraction, 0), 1) : 0
        self.text = String(text.prefix(120))
    }
}

/// One record of a worker's life, replaced by the next.
public struct Heartbeat: Equatable, Codable, Sendable {
    /// What a worker is at.
    public enum State: String, Codable, Sendable {
        /// Looking for work.
        case idle
        /// Computing.
        case working
        /// Several jobs failed in a row: it tests itself and claims nothing meanwhile.
        case unhealthy
        /// Asked to go: it claims nothing more.
        case draining
        /// Gone of its own will; it holds nothing.
        case stopped
    }

    /// An attempt that the worker holds.
    public struct Held: Equatable, Codable, Sendable {
        /// The campaign.
        public let campaign: CampaignID
        /// The job.
        public let job: JobID
        /// The attempt.
        public let attempt: Attempt
        /// How far it is.
        public let progress: Progress

        /// Lists the attempt of a token.
        public init(_ token: Token, progress: Progress) {
            campaign = token.campaign
            job = token.name.job
            attempt = token.name.attempt
            self.progress = progress
        }
    }

    /// The worker.
    public let worker: WorkerName
    /// Grows with every beat; that it grows is all that counts.
    public let sequence: UInt64
    /// What the worker is at.
    public let state: State
    /// The attempts that it holds: an attempt that is not listed here is not held.
    public let held: [Held]

    /// States a beat.
    public init(worker: WorkerName, sequence: UInt64, state: State, held: [Held]) {
        self.worker = worker
        self.sequence = sequence
        self.state = state
        self.held = held
    }

    /// Whether the list has the attempt of a token.
    public func lists(_ token: Token) -> Bool {
        held.contains {
            $0.campaign == token.campaign && $0.job == token.name.job && $0.attempt == token.name.attempt
        }
    }

    /// The record and, on a second line, its digest: written in place, it may be seen half new.
    func encoded() -> [UInt8] {
        let record = encodedRecord(self) + [newline]
        return record + Array(ContentDigest(of: record).hexadecimal.utf8)
    }

    /// Reads a whole record; nil for a torn one.
    init?(decoding bytes: [UInt8]) {
        guard let end = bytes.firstIndex(of: newline) else { return nil }
        let record = bytes[...end]
        guard bytes[(end + 1)...].elementsEqual(ContentDigest(of: record).hexadecimal.utf8),
            let beat = decodedRecord(Heartbeat.self, from: record)
        else { return nil }
        self = beat
    }
}

/// Who a worker is, written once when it starts.
public struct WorkerRegistration: Equatable, Codable, Sendable {
    /// Its name.
    public let worker: WorkerName
    /// Its process, which an observer on the same machine can look for.
    public let identity: HostIdentity
    /// The versions of what it computes with.
    public let versions: [String: String]

    /// States who a worker is.
    public init(worker: WorkerName, identity: HostIdentity, versions: [String: String]) {
        self.worker = worker
        self.identity = identity
        self.versions = versions
    }
}
