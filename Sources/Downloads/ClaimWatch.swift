// SPDX-License-Identifier: MIT

internal import SystemSupport

/// Decides from what is seen of others' claims whether to wait or to fetch.
///
/// An owner on this machine counts until its process is gone; one elsewhere until nothing of its has grown for a while
/// on this observer's own clock. Nobody's clock is compared with another's.
struct ClaimWatch {
    /// What is seen of the claim with the highest number.
    struct Observation {
        let number: Int
        let draft: String?
        /// The bytes of all that its owner has written.
        let growth: Int
        /// Whether its owner is known to be gone.
        let isDead: Bool
    }

    enum Decision: Equatable {
        case wait
        /// Make the claim of this number, and go on with the draft of one who is gone.
        case take(Int, continuing: String?)
    }

    private let patience: Duration
    private var last: (number: Int, growth: Int, since: BootClock.Instant)?

    init(patience: Duration) {
        self.patience = patience
    }

    mutating func decide(_ observation: Observation?, now: BootClock.Instant) -> Decision {
        guard let observation else { return .take(1, continuing: nil) }
        if observation.isDead { return .take(observation.number + 1, continuing: observation.draft) }
        guard let seen = last, seen.number == observation.number, seen.growth == observation.growth else {
            last = (observation.number, observation.growth, now)
            return .wait
        }
        // The owner may still write to its draft, which therefore nobody else touches.
        return seen.since.duration(to: now) < patience ? .wait : .take(observation.number + 1, continuing: nil)
    }
}
