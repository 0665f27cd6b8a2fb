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

    /// Reads the four counts at the start of some text, and takes them away.
    init?(popping text: inout ArraySlice<UInt8>) {
        func pop(_ letter: UInt8) -> Int? {
            let part = text.popFirstPart(before: UInt8(ascii: "."))
            return part.first == letter ? strictNumber(part.dropFirst(), digits: 9) : nil
        }
        guard let generation = pop(UInt8(ascii: "g")), let number = pop(UInt8(ascii: "a")),
            let crashes = pop(UInt8(ascii: "c")), let failures = pop(UInt8(ascii: "f")), generation > 0, number > 0
        else { return nil }
        self.init(generation: generation, number: number, crashes: crashes, failures: failures)
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
        let bytes = Array(name.utf8)
        // A name that ends in a dot has an empty last part, which is no part of any name.
        guard bytes.count <= 255, bytes.last != UInt8(ascii: ".") else { return nil }
        var rest = bytes[...]
        var identifier = rest.popFirstPart(before: UInt8(ascii: "."))
        guard let attempt = Attempt(popping: &rest) else { return nil }
        let standing: Standing?
        switch folder {
        case .pending:
            guard let digit = identifier.popFirst(), digit.isDecimal, identifier.popFirst() == UInt8(ascii: "-") else {
                return nil
            }
            standing = rest.isEmpty ? .pending(priority: Int(digit - UInt8(ascii: "0"))) : nil
        case .running: standing = WorkerName(bytes: rest).map { .running($0) }
        case .done: standing = WorkerName(bytes: rest).map { .done($0) }
        case .returned: standing = Self.ending(rest).flatMap { ending in ending.0.map { .returned($0, ending.1) } }
        case .failed: standing = Self.ending(rest).map { .failed($0.0, $0.1) }
        }
        guard let job = JobID(digits: identifier), let standing else { return nil }
        self.init(job: job, attempt: attempt, standing: standing)
    }

    private static func ending(_ text: ArraySlice<UInt8>) -> (WorkerName?, Reason)? {
        var worker = text
        guard let word = worker.popLastPart(after: UInt8(ascii: ".")) else {
            return Reason(bytes: text).map { (nil, $0) }
        }
        guard let reason = Reason(bytes: word) else { return nil }
        return WorkerName(bytes: worker).map { ($0, reason) }
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
