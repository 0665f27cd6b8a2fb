// SPDX-License-Identifier: MIT

import SystemSupport

/// Whether a worker still trusts its own machine, by how its last jobs ended.
///
/// A machine that breaks every job would take more of them than any other. After three failures in a row, each of which
/// came quickly, the worker tests itself; it claims nothing while the test fails, and rests before the next job.
struct Health {
    private static let failureLimit = 3
    private static let quick = Duration.seconds(30)
    private static let longestRest = Duration.seconds(600)

    private let shortestRest: Duration
    private var quickFailures = 0
    private var rest: Duration
    private var restsUntil: BootClock.Instant?

    init(heartbeat: Duration) {
        shortestRest = heartbeat
        rest = heartbeat
    }

    /// Takes in how a job ended.
    mutating func record(failure: Bool, after duration: Duration) {
        quickFailures = failure && duration < Self.quick ? quickFailures + 1 : 0
    }

    /// Whether the machine is to be tested before the next job.
    var isDoubtful: Bool { quickFailures >= Self.failureLimit }

    /// Whether the rest is not over yet.
    func isResting(now: BootClock.Instant) -> Bool { restsUntil.map { now < $0 } ?? false }

    /// Takes in a test's outcome: one more rest, after which a sound machine goes on, and an unsound one tests again.
    mutating func record(isSound: Bool, now: BootClock.Instant) {
        restsUntil = now.advanced(by: isSound ? shortestRest : rest)
        rest = isSound ? shortestRest : min(rest * 2, Self.longestRest)
        if isSound { quickFailures = 0 }
    }
}
