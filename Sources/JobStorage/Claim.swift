// SPDX-License-Identifier: MIT

public import SystemSupport

/// The exclusive right to run one attempt of a job, while it stands in its worker's published list.
///
/// It cannot be copied, and ends with `finish` or `giveBack`.
public struct Claim: ~Copyable, Sendable {
    /// The token in `running`, under a name that only this worker could have made.
    public let token: Token
    let worker: WorkerName
}

/// Whether a worker's last word on an attempt was heard.
public enum Verdict: Equatable, Sendable {
    /// The attempt ended as the worker said.
    case accepted
    /// The attempt was taken away before; another one holds or held the job.
    case fenced
}

extension JobDirectory {
    /// Takes a pending job; nil where another worker was quicker.
    ///
    /// The job may be computed once the attempt stands in a durable heartbeat.
    ///
    /// - Parameters:
    ///   - pending: the job's token.
    ///   - worker: who claims it.
    ///   - hasDoubts: whether this worker has ever failed to learn what became of a claim, and so has looked for a name of
    ///     its own that may appear later; set where it fails now.
    /// - Throws: `FileError` where the place itself is unfit for work.
    /// - Returns: the claim; nil where another worker was quicker, or nobody can tell.
    public func claim(
        _ pending: Token,
        for worker: WorkerName,
        hasDoubts: inout Bool
    ) throws(FileError) -> Claim? {
        let token = pending.renamed(pending.name.moved(to: .running(worker)))
        do throws(FileError) {
            let move = try move(path(of: pending), to: path(of: token), tries: 1, isFirstLook: !hasDoubts)
            guard move == .moved else { return nil }
        } catch {
            // Should this rename happen after all, the attempt is in nobody's list, and the sweep finds it.
            hasDoubts = true
            if error.isEnvironmental { throw error }
            return nil
        }
        return Claim(token: token, worker: worker)
    }

    /// Reads what a claimed job is to do and checks it against its name.
    public func specification(of claim: borrowing Claim) throws(JobRecordError) -> JobSpecification {
        try specification(of: claim.token)
    }

    /// Reads what a job is to do from its token and checks it against its name.
    public func specification(of token: Token) throws(JobRecordError) -> JobSpecification {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try fileSystem.contents(of: path(of: token), limit: JobRecord.sizeLimit)
        } catch {
            throw .unreadable(error)
        }
        guard let record = decodedRecord(JobRecord.self, from: bytes) else { throw .malformed }
        return try record.specification(for: token, run: settings.run)
    }

    /// Ends a claim whose result is durable; may be called again where it threw.
    public func finish(_ claim: borrowing Claim) throws(FileError) -> Verdict {
        let name = claim.token.name.moved(to: .done(claim.worker))
        return try move(claim.token, to: name, tries: 3) == .moved ? .accepted : .fenced
    }

    /// Ends a claim without a result, again where it threw before; the coordinator decides what follows from the code.
    public func giveBack(_ claim: borrowing Claim, code: ReturnCode) throws(FileError) -> Verdict {
        let name = claim.token.name.moved(to: .returned(claim.worker, code.reason))
        return try move(claim.token, to: name, tries: 3) == .moved ? .accepted : .fenced
    }
}

/// Why a worker gives a job back.
public enum ReturnCode: Hashable, Sendable {
    /// The worker must go; the job is as good as before.
    case handedBack
    /// The job failed.
    case failed(String)
    /// An input is missing or unreadable.
    case inputUnreadable(String)

    /// The code as it stands in a token's name: `r`, `f-…` or `i-…`.
    public var reason: Reason {
        switch self {
        case .handedBack: Reason(cleaning: "r")
        case .failed(let word): Reason(cleaning: "f-\(word)")
        case .inputUnreadable(let word): Reason(cleaning: "i-\(word)")
        }
    }

    /// Reads a token's code; an unknown one counts as a failure.
    public init(_ reason: Reason) {
        let text = reason.description
        if text == "r" {
            self = .handedBack
        } else if text.hasPrefix("i-") {
            self = .inputUnreadable(String(text.dropFirst(2)))
        } else {
            self = .failed(text.hasPrefix("f-") ? String(text.dropFirst(2)) : text)
        }
    }
}
