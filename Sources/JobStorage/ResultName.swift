// SPDX-License-Identifier: MIT

/// The name of a result, which no other attempt can have.
public struct ResultName: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The job.
    public let job: JobID
    /// The generation of the attempt.
    public let generation: Int
    /// The attempt's number.
    public let attempt: Int
    /// The worker.
    public let worker: WorkerName

    /// Names the result of a token's attempt; nil for one that no worker holds or held.
    init?(_ token: TokenName) {
        guard let worker = token.worker else { return nil }
        job = token.job
        generation = token.attempt.generation
        attempt = token.attempt.number
        self.worker = worker
    }

    /// Reads a file's name; nil for anything that this program would not have written.
    init?(_ name: String) {
        let parts = Array(name.utf8).split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4, let job = JobID(digits: parts[0]),
            parts[1].first == UInt8(ascii: "g"), parts[2].first == UInt8(ascii: "a"),
            let generation: Int = strictNumber(parts[1].dropFirst(), digits: 9), generation > 0,
            let attempt: Int = strictNumber(parts[2].dropFirst(), digits: 9), attempt > 0,
            let worker = WorkerName(bytes: parts[3])
        else { return nil }
        self.job = job
        self.generation = generation
        self.attempt = attempt
        self.worker = worker
    }

    /// The file's name.
    public var description: String { "\(job).g\(generation).a\(attempt).\(worker)" }

    /// Orders results as they count: by job, the greatest generation first, then the smallest attempt and worker.
    public static func < (left: ResultName, right: ResultName) -> Bool {
        if left.job != right.job { return left.job < right.job }
        if left.generation != right.generation { return left.generation > right.generation }
        return (left.attempt, left.worker) < (right.attempt, right.worker)
    }
}
