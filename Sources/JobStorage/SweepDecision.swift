// SPDX-License-Identifier: MIT

public import SystemSupport

/// What is known of the owner of a running attempt, as far as one observer could see.
public struct AttemptObservation: Equatable, Sendable {
    /// How long the owner's heartbeat stood still, counting only time in which the observer itself was healthy.
    public var silence: Duration
    /// Whether the owner's process is gone beyond doubt.
    public var isOwnerGone: Bool
    /// How long the owner lived without listing the attempt.
    public var unlisted: Duration
    /// How many beats the owner made without listing the attempt.
    public var unlistedBeats: Int

    /// States an observation.
    public init(silence: Duration, isOwnerGone: Bool, unlisted: Duration, unlistedBeats: Int) {
        self.silence = silence
        self.isOwnerGone = isOwnerGone
        self.unlisted = unlisted
        self.unlistedBeats = unlistedBeats
    }

    /// Whether the attempt will not be finished by its owner, or may be taken from it.
    public func isLost(_ settings: QueueSettings) -> Bool {
        isOwnerGone || silence >= settings.lease || (unlisted >= settings.unlistedLimit && unlistedBeats >= 3)
    }
}

/// What follows for an attempt that will not go on.
public enum SweepDecision: Equatable, Sendable {
    /// Its result is there and valid: it is done.
    case complete
    /// The job is tried again.
    case requeue(Attempt)
    /// The job failed for good.
    case fail(Reason)

    /// Decides on an attempt whose worker is lost.
    public static func afterCrash(
        of attempt: Attempt,
        hasValidResult: Bool,
        settings: QueueSettings
    ) -> SweepDecision {
        if hasValidResult { return .complete }
        let next = attempt.next(crashes: 1, failures: 0)
        return next.crashes >= settings.crashLimit ? .fail(.poison) : .requeue(next)
    }

    /// Decides on an attempt that was given back.
    ///
    /// An unreadable input in which no damage is found counts as a failure of the job, so that it cannot go round for
    /// ever; where there is damage, `RepairDecision` decides.
    public static func afterReturn(of attempt: Attempt, code: Reason, settings: QueueSettings) -> SweepDecision {
        switch ReturnCode(code) {
        case .handedBack:
            return .requeue(attempt.next(crashes: 0, failures: 0))
        case .failed, .inputUnreadable:
            let next = attempt.next(crashes: 0, failures: 1)
            return next.failures >= settings.failureLimit ? .fail(code) : .requeue(next)
        }
    }
}

extension JobDirectory {
    /// Carries out a decision on a running or returned token; `gone` where another coordinator did.
    public func settle(_ token: Token, _ decision: SweepDecision, priority: Int) throws(FileError) -> Move {
        let standing: TokenName.Standing
        var attempt = token.name.attempt
        switch (decision, token.name.worker) {
        case (.complete, let worker?):
            standing = .done(worker)
        case (.complete, nil):
            return .gone
        case (.requeue(let next), _):
            standing = .pending(priority: priority)
            attempt = next
        case (.fail(let reason), let worker):
            standing = .failed(worker, reason)
        }
        return try move(token, to: TokenName(job: token.name.job, attempt: attempt, standing: standing), tries: 3)
    }
}
