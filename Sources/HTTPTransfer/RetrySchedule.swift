// SPDX-License-Identifier: MIT

/// Decides after each failure whether to try again, and when.
///
/// Attempts are counted only while nothing new arrives, so a long file survives any number of breaks.
struct RetrySchedule {
    private let policy: TransferPolicy
    private var failures = 0
    private var furthest = 0

    /// What must have arrived for the count to start again.
    private static let progress = 1 << 20

    init(_ policy: TransferPolicy) {
        self.policy = policy
    }

    /// How long to wait before the next attempt, with so much here; throws where there is none.
    ///
    /// How many attempts there are is the policy's, unless another number is given. Random bits make sure that many who
    /// failed together do not come back together.
    mutating func delay(
        after error: TransferError,
        byteCount: Int,
        attempts: Int? = nil,
        random: UInt64
    ) throws(TransferError) -> Duration {
        guard error.isWorthRetrying else { throw error }
        if byteCount >= furthest + Self.progress { (furthest, failures) = (byteCount, 0) }
        failures += 1
        guard failures < attempts ?? policy.attempts else {
            throw failures == 1 ? error : .gaveUp(attempts: failures, last: error)
        }
        if case .refused(_, _, let wait?) = error {
            guard wait <= policy.longestDelay else { throw error }
            return wait
        }
        let longest = min(policy.longestDelay, policy.firstDelay * (1 << min(failures - 1, 20)))
        return longest * (Double(random >> 11) / Double(1 << 53))
    }
}
