// SPDX-License-Identifier: MIT

internal import JobStorage
internal import SystemPackage
internal import SystemSupport
internal import WorkerRuntime

/// Some machines, their processes, and the file system that they share, all in one process of the real machine.
final class World: Sendable {
    /// A simulated process.
    struct Process: Sendable {
        let name: String
        let isCoordinator: Bool
        let host: Int
        let identity: HostIdentity
        let start: Duration
        var random: SeededRandom
        var isImmortal = false
        var isDead = false
        var hasEnded = false
        var suspendedUntil = Duration.zero
        var heartbeatsRefusedUntil = Duration.zero
        var onDeath: (@Sendable () -> Void)?

        /// Whether it still does anything.
        var runs: Bool { !isDead && !hasEnded }

        /// What all names of this process begin with.
        var prefix: String {
            "\(identity.host)-\(identity.bootIdentifier)-\(identity.pid)-\(identity.startTicks)-"
        }
    }

    /// A simulated machine.
    struct Machine: Sendable {
        var starts = 1
        var bootOffset: Duration
        var clockOffset = Duration.zero
        var staleUntil = Duration.zero
        var absences = Absences()
    }

    /// All that the running strand changes.
    struct State {
        var scheduler = Scheduler()
        var tree: Tree
        var inspector: Inspector
        var faults: FaultSource
        var processes: [Process] = []
        var machines: [Machine]
        var calls = 0
        var stalledUntil = Duration.zero
        var fullUntil = Duration.zero
        var closedUntil = Duration.zero
        var latencies: SeededRandom
        var chance: SeededRandom
        var failures: [JobID: Int] = [:]
        var trace: Trace
        /// Set where the one who directs the simulation is to look.
        let attention = Monitor(false)
        let safeguardOut: Safeguard?
        /// Whether machines remember what was not there, as NFS clients do unless they are told not to.
        let cachesAbsences: Bool
    }

    let scenario: Scenario
    let state: Monitor<State>
    private let threads = Monitor<[DedicatedThread]>([])

    init(_ scenario: Scenario, _ tree: Tree, _ inspector: Inspector, machines: Int) {
        self.scenario = scenario
        let seed = scenario.seed
        state = Monitor(
            State(
                tree: tree,
                inspector: inspector,
                faults: FaultSource(seed: seed, lease: Scenario.lease, only: scenario.onlyFaults),
                machines: (0..<machines).map { Machine(bootOffset: .seconds(1000 * ($0 + 1))) },
                latencies: SeededRandom(seed, 0x1A),
                chance: SeededRandom(seed, 0xC0),
                trace: Trace(isKept: scenario.isTraced),
                safeguardOut: scenario.safeguardOut,
                cachesAbsences: scenario.cachesAbsences
            )
        )
    }

    /// The most calls of one simulation.
    static let callLimit = 60_000

    // MARK: Threads

    /// Lets others run until a time, or until a condition holds: then true.
    func pause(until wake: Duration?, _ condition: (@Sendable () -> Bool)? = nil) -> Bool {
        let (gate, own) = state.withLock { state in
            let own = state.scheduler.current
            state.scheduler.suspendCurrent(until: wake, condition)
            return (state.next(), state.scheduler.strands[own].gate)
        }
        if gate !== own {
            gate.open()
            own.pass()
        }
        return state.withLock { $0.scheduler.isMet }
    }

    /// Starts a thread of a process; it runs when the seed says so.
    func start(process: Int, named name: String, _ body: @escaping @Sendable () -> Void) -> SimulatedThread {
        let gate = state.withLock { state in
            let strand = state.scheduler.add(process: process, wake: state.scheduler.now + .milliseconds(1))
            return state.scheduler.strands[strand].gate
        }
        let hasEnded = Monitor(false)
        let thread = DedicatedThread(named: name) { [self] in
            gate.pass()
            body()
            hasEnded.withLock { $0 = true }
            let next = state.withLock { state in
                state.scheduler.endCurrent()
                return state.next()
            }
            next.open()
        }
        threads.withLock { $0.append(thread) }
        return SimulatedThread(world: self, hasEnded: hasEnded)
    }

    /// Waits for all threads of the real machine, after the simulation.
    func joinThreads() {
        for thread in threads.withLock({ $0 }) { try? thread.join() }
    }

    /// Lets simulated time pass; false where the process died meanwhile.
    func sleep(_ time: Duration) -> Bool {
        let (now, process) = state.withLock { state in
            (state.scheduler.now, state.scheduler.strands[state.scheduler.current].process)
        }
        _ = pause(until: now + time)
        return state.withLock { $0.processes[process].runs }
    }

    /// Some time up to so many seconds.
    func chance(upTo seconds: Double) -> Duration { state.withLock { $0.latencies.duration(0...seconds) } }

    // MARK: Processes

    /// Adds a process on a machine and starts its main thread.
    func launch(_ name: String, isCoordinator: Bool, host: Int, _ body: @escaping @Sendable (Int) -> Void) -> Int {
        let number = state.withLock { state in
            let number = state.processes.count
            let boot = "\(host)\(state.machines[host].starts)"
            let identity = HostIdentity(
                host: "h\(host)",
                bootIdentifier: String(repeating: "0", count: 32 - boot.utf8.count) + boot,
                pidNamespace: "pid:[\(host)]",
                pid: Int32(100 + number),
                startTicks: UInt64(number),
                uid: 1000
            )
            state.processes.append(
                Process(
                    name: "\(name)/\(number)",
                    isCoordinator: isCoordinator,
                    host: host,
                    identity: identity,
                    start: state.scheduler.now,
                    random: SeededRandom(scenario.seed, 0x9C, UInt64(number))
                )
            )
            return number
        }
        _ = start(process: number, named: name) { [self] in
            body(number)
            state.withLock { state in
                state.processes[number].hasEnded = true
                state.inspector.see(gone: number)
                state.trace.note(state.scheduler.now, state.processes[number].name, "ended")
                state.attention.withLock { $0 = true }
            }
        }
        return number
    }

    /// Says what makes a process's threads leave once it is dead.
    func onDeath(of process: Int, _ body: @escaping @Sendable () -> Void) {
        let isDead = state.withLock { state in
            state.processes[process].onDeath = body
            return state.processes[process].isDead
        }
        if isDead { body() }
    }

    /// Asks a process to leave, by the same way by which a signal would.
    func ask(toLeave process: Int) {
        state.withLock { $0.ask(toLeave: process) }
    }

    // MARK: Jobs

    /// How an attempt goes.
    struct Temper {
        let effort: Int
        let fails: Bool
    }

    func temper(of attempt: Inspector.Try) -> Temper {
        let job = attempt.job.id.description.utf8.prefix(12).reduce(UInt64(0)) { $0 &* 31 &+ UInt64($1) }
        let campaign = UInt64(attempt.job.campaign.description.utf8.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xFFFF })
        let number = UInt64(attempt.attempt.generation * 100 + attempt.attempt.number)
        var ofJob = SeededRandom(scenario.seed, 0x70, job, campaign)
        var ofAttempt = SeededRandom(scenario.seed, 0x71, job, campaign, number)
        let isHopeless = ofJob.happens(0.004)
        return Temper(
            effort: ofAttempt.happens(0.25) ? Int.random(in: 1...8, using: &ofAttempt) : 0,
            fails: isHopeless || ofAttempt.happens(0.03)
        )
    }

    func noteFailure(of job: Inspector.Job) {
        state.withLock { $0.failures[job.id, default: 0] += 1 }
    }

    /// Takes in that a worker begins to compute.
    func start(_ job: JobSpecification, scratch: FilePath, process: Int) throws -> Inspector.Try {
        let names = Tree.components(scratch)
        let attempt = state.withLock { state in
            defer { state.raiseAttention() }
            return state.inspector.see(start: job.id, scratch: names, process: process)
        }
        guard let attempt else { throw HandedBack() }
        return attempt
    }

    func end(_ attempt: Inspector.Try, process: Int) {
        state.withLock { $0.inspector.see(end: attempt, process: process) }
    }
}

/// A thread of a simulated process.
struct SimulatedThread: RunningThread {
    let world: World
    let hasEnded: Monitor<Bool>

    func join() throws {
        if hasEnded.withLock({ $0 }) { return }
        let hasEnded = hasEnded
        _ = world.pause(until: nil) { hasEnded.withLock { $0 } }
    }
}
