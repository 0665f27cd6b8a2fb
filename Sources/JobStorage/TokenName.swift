// SPDX-License-Identifier: MIT

/// One try at a job: which one it is, and how the tries before it ended.
public struct Attempt: Hashable, Codable, Sendable {
    /// Counts from 1 and grows only when the job is to be done anew.
    public let generation: Int
    /// Counts from 1 within a generation and grows at every requeue, so that names never recur.
    public let number: Int
    /// How many attempts of this generation ended with their worker gone.
    public let crashes: Int
    /// How many attempts of this generation ended with their worker saying no.
    public let failures: Int

    /// The first try at a job.
    public static let first = Attempt(generation: 1, number: 1, crashes: 0, failures: 0)

    /// States a try and the counts before it.
    public init(generation: Int, number: Int, crashes: Int, failures: Int) {
        precondition(generation > 0 && number > 0 && crashes >= 0 && failures >= 0, "attempts count from 1")
        self.generation = generation
        self.number = number
        self.crashes = crashes
        self.failures = failures
    }

    /// The try after this one, with counts raised.
    public func next(crashes moreCrashes: Int, failures moreFailures: Int) -> Attempt {
        Attempt(
            generation: generation,
            number: number + 1,
            crashes: crashes + moreCrashes,
            failures: failures + moreFailures
        )
    }

    /// The first try of the generation after this one's.
    public var nextGeneration: Attempt {
        Attempt(generation: generation + 1, number: 1, crashes: 0, failures: 0)
    }

    var text: String { "g\(generation).a\(number).c\(crashes).f\(failures)" }

    init?(parsing parts: ArraySlice<Substring.UTF8View>) {
        var numbers: [Int] = []
        guard parts.count == 4 else { return nil }
        for (part, letter) in zip(parts, "gacf".utf8) {
            guard part.first == letter, let number: Int = strictNumber(part.dropFirst(), digits: 9) else { return nil }
            numbers.append(number)
        }
        guard numbers[0] > 0, numbers[1] > 0 else { return nil }
        self.init(generation: numbers[0], number: numbers[1], crashes: numbers[2], failures: numbers[3])
    }
}

/// The folders between which a job's token moves.
public enum TokenFolder: String, CaseIterable, Codable, Sendable {
    /// Claimable.
    case pending
    /// Held by a worker.
    case running
    /// Handed back, waiting for the coordinator.
    case returned
    /// Ended with a result.
    case done
    /// Ended for good without a result.
    case failed
}

/// The name of a job's token, which holds all that is known of the job's standing.
public struct TokenName: Hashable, Sendable, CustomStringConvertible {
    /// Where a job stands, with what the name says there.
    public enum Standing: Hashable, Sendable {
        /// Claimable; 0 goes first.
        case pending(priority: Int)
        /// Held by a worker.
        case running(WorkerName)
        /// Handed back with a code.
        case returned(WorkerName, Reason)
        /// Ended with a result of that worker.
        case done(WorkerName)
        /// Ended without a result; no worker where it never ran.
        case failed(WorkerName?, Reason)
    }

    /// The job.
    public let job: JobID
    /// Its present attempt.
    public let attempt: Attempt
    /// Where it stands.
    public let standing: Standing

    /// Puts a name together.
    public init(job: JobID, attempt: Attempt, standing: Standing) {
        self.job = job
        self.attempt = attempt
        self.standing = standing
    }

    /// Reads the name of a file in a folder; nil for anything that this program would not have written there.
    public init?(_ name: String, in folder: TokenFolder) {
        guard name.utf8.count <= 255, name.utf8.allSatisfy({ $0 < 128 }) else { return nil }
        var parts = name[...].utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)[...]
        guard let first = parts.popFirst(), parts.count >= 4, let attempt = Attempt(parsing: parts.prefix(4)) else {
            return nil
        }
        let rest = parts.dropFirst(4).map { String(Substring($0)) }
        var identifier = first
        let standing: Standing?
        switch folder {
        case .pending:
            guard let digit = identifier.first, digit.isDecimal,
                identifier.dropFirst().first == UInt8(ascii: "-")
            else { return nil }
            identifier = identifier.dropFirst(2)
            standing = rest.isEmpty ? .pending(priority: Int(digit) - 48) : nil
        case .running: standing = rest.count == 1 ? WorkerName(rest[0]).map { .running($0) } : nil
        case .done: standing = rest.count == 1 ? WorkerName(rest[0]).map { .done($0) } : nil
        case .returned: standing = Self.ending(rest).flatMap { ending in ending.0.map { .returned($0, ending.1) } }
        case .failed: standing = Self.ending(rest).map { .failed($0.0, $0.1) }
        }
        guard let job = JobID(String(Substring(identifier))), let standing else { return nil }
        self.init(job: job, attempt: attempt, standing: standing)
    }

    private static func ending(_ parts: [String]) -> (WorkerName?, Reason)? {
        guard (1...2).contains(parts.count), let reason = Reason(parts[parts.count - 1]) else { return nil }
        if parts.count == 1 { return (nil, reason) }
        return WorkerName(parts[0]).map { ($0, reason) }
    }

    /// The folder in which the name belongs.
    public var folder: TokenFolder {
        switch standing {
        case .pending: .pending
        case .running: .running
        case .returned: .returned
        case .done: .done
        case .failed: .failed
        }
    }

    /// The worker that holds or held this attempt.
    public var worker: WorkerName? {
        switch standing {
        case .pending: nil
        case .running(let worker), .returned(let worker, _), .done(let worker): worker
        case .failed(let worker, _): worker
        }
    }

    /// Why the job came back or failed.
    public var reason: Reason? {
        switch standing {
        case .pending, .running, .done: nil
        case .returned(_, let reason), .failed(_, let reason): reason
        }
    }

    /// The file's name.
    public var description: String {
        let common = "\(job).\(attempt.text)"
        return switch standing {
        case .pending(let priority): "\(priority)-\(common)"
        case .running(let worker), .done(let worker): "\(common).\(worker)"
        case .returned(let worker, let code): "\(common).\(worker).\(code)"
        case .failed(nil, let reason): "\(common).\(reason)"
        case .failed(let worker?, let reason): "\(common).\(worker).\(reason)"
        }
    }

    /// The name of the same attempt elsewhere.
    public func moved(to standing: Standing) -> TokenName {
        TokenName(job: job, attempt: attempt, standing: standing)
    }
}

/// A token and the bucket of a campaign that it stands in.
public struct Token: Hashable, Sendable {
    /// The campaign.
    public let campaign: CampaignID
    /// The bucket, which a job never leaves.
    public let bucket: BucketName
    /// The name that says the rest.
    public let name: TokenName

    /// Puts a name into its bucket.
    public init(campaign: CampaignID, bucket: BucketName, name: TokenName) {
        self.campaign = campaign
        self.bucket = bucket
        self.name = name
    }

    /// The token of the same bucket under another name.
    public func renamed(_ name: TokenName) -> Token {
        Token(campaign: campaign, bucket: bucket, name: name)
    }
}
