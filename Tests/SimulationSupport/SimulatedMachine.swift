// SPDX-License-Identifier: MIT

internal import SystemSupport

/// What a simulated process meets: time, chance and threads that the seed decides.
struct SimulatedMachine: Platform {
    let world: World
    let process: Int

    var now: BootClock.Instant {
        world.state.withLock { state in
            BootClock.Instant(
                sinceStart: state.scheduler.now + state.machines[state.processes[process].host].bootOffset
            )
        }
    }

    var secondsSince1970: Double {
        world.state.withLock { state in
            let offset = state.machines[state.processes[process].host].clockOffset
            return 1_700_000_000 + (state.scheduler.now + offset).seconds
        }
    }

    func randomBits() -> UInt64 { world.state.withLock { $0.processes[process].random.next() } }

    func identity() throws(FileError) -> HostIdentity { world.state.withLock { $0.processes[process].identity } }

    func isProvablyDead(_ other: HostIdentity, seenFrom observer: HostIdentity) -> Bool {
        guard other.bootIdentifier == observer.bootIdentifier else { return false }
        return world.state.withLock { state in !state.processes.contains { $0.identity == other && $0.runs } }
    }

    func startThread(named name: String, _ body: @escaping @Sendable () -> Void) -> any RunningThread {
        world.start(process: process, named: name, body)
    }

    func wait<State>(
        on monitor: Monitor<State>,
        atMost limit: Duration?,
        until condition: @escaping @Sendable (inout sending State) -> Bool
    ) -> Bool {
        if monitor.withLock({ condition(&$0) }) { return true }
        let now = world.state.withLock { $0.scheduler.now }
        // An idle process may get its processor late, which leaves more steps for those that work.
        let delay = limit.map { $0 < .milliseconds(500) ? world.chance(upTo: 1.5) : world.chance(upTo: 0.1) } ?? .zero
        return world.pause(until: limit.map { now + $0 + delay }) { monitor.withLock { condition(&$0) } }
    }
}

/// What the one who sets a simulation up meets.
struct Stage: Platform {
    private let random: Monitor<SeededRandom>

    init(seed: UInt64) {
        random = Monitor(SeededRandom(seed, 0x57))
    }

    var now: BootClock.Instant { BootClock.Instant(sinceStart: .zero) }

    var secondsSince1970: Double { 0 }

    func randomBits() -> UInt64 { random.withLock { $0.next() } }

    func identity() throws(FileError) -> HostIdentity {
        HostIdentity(host: "stage", bootIdentifier: "", pidNamespace: "", pid: 1, startTicks: 1, uid: 0)
    }

    func isProvablyDead(_ process: HostIdentity, seenFrom observer: HostIdentity) -> Bool { false }

    func startThread(named name: String, _ body: @escaping @Sendable () -> Void) -> any RunningThread {
        DedicatedThread(named: name, body)
    }

    func wait<State>(
        on monitor: Monitor<State>,
        atMost limit: Duration?,
        until condition: @escaping @Sendable (inout sending State) -> Bool
    ) -> Bool {
        monitor.withLock { condition(&$0) }
    }
}
