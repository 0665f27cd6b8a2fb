// SPDX-License-Identifier: MIT

internal import SystemSupport

/// Decides which thread goes on: the one whose time comes first.
///
/// Every call and every wait ends at a moment of simulated time that the seed chose, so the order of all steps is the
/// seed's; no two threads ever run at once, and time passes only while all of them wait.
struct Scheduler {
    /// Lets one thread wait until it is its turn.
    final class Gate: Sendable {
        private let isOpen = Monitor(false)

        func open() { isOpen.withLock { $0 = true } }

        func pass() {
            let passed: Void? = isOpen.wait(atMost: Self.limit) { isOpen in
                defer { isOpen = false }
                return isOpen ? () : nil
            }
            precondition(
                passed != nil,
                "the thread whose turn it is blocks outside the simulation, after \(Self.limit)"
            )
        }

        /// Longer than any simulation takes, and shorter than what watches over the tests.
        private static let limit = Duration.seconds(1200)
    }

    /// A thread of a simulated process.
    struct Strand {
        let process: Int
        let gate = Gate()
        var wake: Duration?
        var condition: (@Sendable () -> Bool)?
        var isMet = false
        var hasEnded = false
    }

    private(set) var now = Duration.zero
    private(set) var strands: [Strand] = []
    /// The strand that runs.
    private(set) var current = 0
    private var events: [(time: Duration, action: @Sendable (inout World.State) -> Void)] = []

    mutating func add(process: Int, wake: Duration) -> Int {
        strands.append(Strand(process: process, wake: wake))
        return strands.count - 1
    }

    mutating func endCurrent() { strands[current].hasEnded = true }

    mutating func schedule(at time: Duration, _ action: @escaping @Sendable (inout World.State) -> Void) {
        events.append((time, action))
    }

    /// The next thing that happens by itself, taken out, where it comes before a time.
    mutating func takeEvent(before time: Duration?) -> (@Sendable (inout World.State) -> Void)? {
        guard let index = events.indices.min(by: { events[$0].time < events[$1].time }) else { return nil }
        if let time, events[index].time > time { return nil }
        now = max(now, events[index].time)
        return events.remove(at: index).action
    }

    /// Says until when the running strand waits.
    mutating func suspendCurrent(until wake: Duration?, _ condition: (@Sendable () -> Bool)?) {
        strands[current].wake = wake
        strands[current].condition = condition
        strands[current].isMet = false
    }

    /// Whether the running strand went on because its condition was met.
    var isMet: Bool { strands[current].isMet }

    /// When a strand goes on; nil where only others can make it.
    private mutating func time(of index: Int, _ processes: [World.Process]) -> Duration? {
        let process = processes[strands[index].process]
        if let condition = strands[index].condition {
            if condition() {
                strands[index].isMet = true
                strands[index].condition = nil
                strands[index].wake = now
            } else if process.isDead {
                // Its time never comes, so that a dead process's threads end by what the others of it do.
                return nil
            }
        }
        if process.isDead { return now }
        guard let wake = strands[index].wake else { return nil }
        return max(wake, process.suspendedUntil)
    }

    /// The strand that is next, and when.
    mutating func first(_ processes: [World.Process]) -> (strand: Int, time: Duration)? {
        var best: (strand: Int, time: Duration)?
        for index in strands.indices where !strands[index].hasEnded {
            guard let time = time(of: index, processes) else { continue }
            if best.map({ time < $0.time }) ?? true { best = (index, time) }
        }
        return best
    }

    /// Lets a strand go on.
    mutating func resume(_ strand: Int, at time: Duration) {
        now = max(now, time)
        current = strand
        strands[strand].condition = nil
    }
}
