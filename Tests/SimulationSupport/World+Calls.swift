// SPDX-License-Identifier: MIT

internal import SystemPackage
internal import SystemSupport

extension World {
    /// What a call's last part knows of its first.
    struct Step: Sendable {
        let author: Tree.Author
        var isStale = false
        /// Whether the server alone carries it out, long after the machine has looked its names up.
        var isLate = false
        var start = Start()
    }

    /// What the first part of a call found or did.
    struct Start: Sendable {
        var node: Result<Int, Errno>?
        var names: [String] = []
    }

    /// How long a cache may show what is no longer so.
    static let staleness = Duration.seconds(3)

    /// Carries out a call of a process: it begins now, others run, and it ends.
    func perform<Value: Sendable>(
        _ process: Int,
        _ call: Call,
        _ path: FilePath,
        _ target: FilePath? = nil,
        start: (inout State, Tree.Author) -> Start = { _, _ in Start() },
        _ apply: @escaping @Sendable (inout State, Step) -> Result<Value, Errno>
    ) throws(FileError) -> Value {
        typealias Begun = (number: Int, fault: Fault?, wake: Duration, start: Start)
        let begun: Begun? = state.withLock { state in
            guard let (number, fault, wake) = state.begin(call, of: process, path) else { return nil }
            if case .refused = fault { return (number, fault, wake, Start()) }
            if case .late = fault { return (number, fault, wake, Start()) }
            return (number, fault, wake, start(&state, state.author(process)))
        }
        // Nothing that a dead process does has an effect; where the place is unfit it leaves soonest.
        guard let begun else { throw FileError(call.operation, path, .readOnlyFileSystem) }
        _ = pause(until: begun.wake)
        let result: Result<Value, Errno> = state.withLock { state in
            guard state.processes[process].runs else { return .failure(.readOnlyFileSystem) }
            let author = state.author(process)
            let isStale = begun.fault?.isStale ?? false || state.machines[author.host].staleUntil > author.time
            let step = Step(author: author, isStale: isStale, start: begun.start)
            return state.finish(call, begun.fault, step, [path, target]) { apply(&$0, $1) }
        }
        switch result {
        case .success(let value): return value
        case .failure(let errno): throw FileError(call.operation, path, errno)
        }
    }
}

extension Fault {
    fileprivate var isStale: Bool { if case .stale = self { true } else { false } }
}

extension World.State {
    func author(_ process: Int) -> Tree.Author {
        Tree.Author(process: process, host: processes[process].host, time: scheduler.now)
    }

    // MARK: Threads

    /// Lets happen what happens by itself, and gives the next strand its turn.
    mutating func next() -> Scheduler.Gate {
        while true {
            let first = scheduler.first(processes)
            if let event = scheduler.takeEvent(before: first?.time) {
                event(&self)
                continue
            }
            // The one who directs the simulation always waits until some time.
            guard let first else { preconditionFailure("somebody can always go on") }
            scheduler.resume(first.strand, at: first.time)
            return scheduler.strands[first.strand].gate
        }
    }

    /// Has the one who directs the simulation look where a rule was broken.
    func raiseAttention() {
        if !inspector.violations.isEmpty { attention.withLock { $0 = true } }
    }

    // MARK: A call

    /// Begins a call; nil where its process is gone.
    mutating func begin(_ call: Call, of process: Int, _ path: FilePath) -> (
        number: Int, fault: Fault?, wake: Duration
    )? {
        guard processes[process].runs else { return nil }
        calls += 1
        if calls == World.callLimit {
            inspector.report("\(calls) calls and no end")
            raiseAttention()
        }
        let now = scheduler.now
        let number = calls
        // A coordinator looks at arrays where it inspects the inputs of a job.
        let isInspection = processes[process].isCoordinator && path.string.hasPrefix("/q/arrays/")
        var fault = faults.fault(at: number, call, isInspection: isInspection)
        let chance = latencies.fraction()
        let latency = Duration.microseconds(2000 + Int(100_000 * chance * chance))
        var wake = now + latency
        if let fault { trace.note(now, processes[process].name, "#\(number) fault", fault.description) }
        switch fault {
        case .killed(false): kill(process)
        case .machineDied(false): kill(host: processes[process].host)
        case .suspended(let time): processes[process].suspendedUntil = now + time
        case .stalled(let time): stalledUntil = max(stalledUntil, now + time)
        case .slow(let time): wake += time
        case .powerCut: cutPower()
        case .serverRestarted:
            tree.restart()
            stalledUntil = max(stalledUntil, now + .seconds(2))
        case .heartbeatsRefused(let time): processes[process].heartbeatsRefusedUntil = now + time
        case .full(let time): fullUntil = max(fullUntil, now + time)
        case .closed(let time): closedUntil = max(closedUntil, now + time)
        case .blind(let time): machines[processes[process].host].staleUntil = now + time
        case .asked: ask(toLeave: process)
        case .clockSet(let jump): machines[processes[process].host].clockOffset = jump
        case .damagedShard(let isGone): damageShard(isGone: isGone)
        default: break
        }
        guard processes[process].runs else { return nil }
        let needsSpace = [.create, .append, .overwrite, .makeDirectory].contains(call)
        if needsSpace, fullUntil > now { fault = .refused(.noSpace) }
        // What a machine remembers as absent it does not ask for.
        let isRemembered = machines[processes[process].host].absences.cover(Tree.components(path).inQueue, at: now)
        if closedUntil > now, !isRemembered { fault = .refused(.permissionDenied) }
        if stalledUntil > now { wake = max(wake, stalledUntil + latency) }
        return (number, fault, wake)
    }

    /// Ends a call, as its fault has it.
    mutating func finish<Value: Sendable>(
        _ call: Call,
        _ fault: Fault?,
        _ step: World.Step,
        _ paths: [FilePath?],
        _ apply: @escaping @Sendable (inout World.State, World.Step) -> Result<Value, Errno>
    ) -> Result<Value, Errno> {
        let process = step.author.process
        var result: Result<Value, Errno>
        switch fault {
        case .refused(let errno), .torn(let errno): result = .failure(errno)
        case .reported(let errno):
            _ = apply(&self, step)
            result = .failure(errno)
        case .late(let errno, let delay):
            result = .failure(errno)
            scheduler.schedule(at: scheduler.now + delay) { state in
                let late = World.Step(author: state.author(process), isLate: true)
                let isDone: Bool = if case .success = apply(&state, late) { true } else { false }
                state.inspect(process)
                state.note("late", call, paths, process, isDone ? "done" : "not possible")
            }
        case .killed(true):
            _ = apply(&self, step)
            result = .failure(.readOnlyFileSystem)
        case .machineDied(true):
            _ = apply(&self, step)
            result = .failure(.readOnlyFileSystem)
        default: result = apply(&self, step)
        }
        inspect(process)
        note("", call, paths, process, result.errnoText)
        if case .killed = fault { kill(process) }
        if case .machineDied = fault { kill(host: processes[process].host) }
        return result
    }

    private mutating func note(_ word: String, _ call: Call, _ paths: [FilePath?], _ process: Int, _ outcome: String) {
        let names = paths.map { $0.map { String($0.string.dropFirst(3)) } ?? "" }
        trace.note(scheduler.now, processes[process].name, word, call.rawValue, names[0], names[1], outcome)
    }

    /// Has the rules checked for the names that have just changed.
    mutating func inspect(_ process: Int) {
        let edits = tree.takeEdits()
        guard !edits.isEmpty else { return }
        inspector.see(edits, tree, by: actor(process))
        raiseAttention()
    }

    func actor(_ number: Int) -> Actor {
        let process = processes[number]
        let prefix = process.prefix
        let others = processes
        return Actor(
            name: process.name,
            isCoordinator: process.isCoordinator,
            owns: { $0.hasPrefix(prefix) },
            isAlive: { name in others.contains { $0.runs && name.hasPrefix($0.prefix) } }
        )
    }

    // MARK: Deaths

    mutating func kill(_ process: Int) {
        guard processes[process].runs, !processes[process].isImmortal else { return }
        processes[process].isDead = true
        inspector.see(gone: process)
        processes[process].onDeath?()
    }

    /// Asks a process to leave; one that does not listen for it yet just ends.
    mutating func ask(toLeave process: Int) {
        guard processes[process].runs else { return }
        if let leave = processes[process].onDeath { leave() } else { kill(process) }
    }

    mutating func kill(host: Int) {
        for process in processes.indices where processes[process].host == host { kill(process) }
        tree.crash(host: host, &chance)
        machines[host].starts += 1
        machines[host].absences = Absences()
    }

    mutating func cutPower() {
        for host in machines.indices { kill(host: host) }
        let undone = tree.cutPower(&chance)
        inspector.see(undone: undone, tree)
        for edit in undone {
            trace.note(
                scheduler.now,
                "server",
                edit.kind == .added ? "is back" : "is lost",
                edit.path.joined(separator: "/")
            )
        }
        stalledUntil = max(stalledUntil, scheduler.now + .seconds(1))
        raiseAttention()
    }

    /// Damages a shard that is there, or takes it away.
    mutating func damageShard(isGone: Bool) {
        var shards: [[String]] = []
        for array in (try? tree.names(["arrays"]).get()) ?? [] {
            for name in (try? tree.names(["arrays", array, "c"]).get()) ?? [] {
                shards.append(["arrays", array, "c", name])
            }
        }
        guard let path = shards.randomElement(using: &chance), case .success(let node) = tree.find(path) else { return }
        let nobody = Tree.Author(process: -1, host: -1, time: scheduler.now)
        trace.note(scheduler.now, "damage", path.joined(separator: "/"))
        if isGone {
            _ = tree.remove(path, directory: false, by: nobody)
            _ = tree.takeEdits()
        } else {
            tree.write(node, Array("damaged".utf8), by: nobody)
            tree.sync(node)
        }
    }
}

extension Result where Failure == Errno {
    fileprivate var errnoText: String {
        if case .failure(let errno) = self { "error \(errno.rawValue)" } else { "" }
    }
}
