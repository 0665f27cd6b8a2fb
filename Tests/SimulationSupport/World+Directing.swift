// SPDX-License-Identifier: MIT

internal import JobStorage
internal import SystemPackage
internal import SystemSupport

/// What the one who directs a simulation does; only while it is that one's turn.
extension World {
    /// Makes the calling thread the first strand.
    func addDirector() {
        state.withLock { state in
            let identity = HostIdentity(
                host: "director",
                bootIdentifier: "",
                pidNamespace: "",
                pid: 1,
                startTicks: 1,
                uid: 0
            )
            state.processes.append(
                Process(
                    name: "director",
                    isCoordinator: false,
                    host: 0,
                    identity: identity,
                    start: .zero,
                    random: SeededRandom(scenario.seed),
                    isImmortal: true
                )
            )
            _ = state.scheduler.add(process: 0, wake: .zero)
            _ = state.tree.takeEdits()
        }
    }

    var now: Duration { state.withLock { $0.scheduler.now } }

    /// Whether no rule was broken so far.
    var isSound: Bool { state.withLock { $0.inspector.violations.isEmpty } }

    func report(_ violation: String) { state.withLock { $0.inspector.report(violation) } }

    func endFaults() { state.withLock { $0.faults.end() } }

    func hasEnded(_ process: Int) -> Bool { state.withLock { $0.processes[process].hasEnded } }

    func kill(_ process: Int) { state.withLock { $0.kill(process) } }

    /// Lets the others run until a time, or until something ended or a rule was broken.
    func waitForAttention(until time: Duration) {
        let attention = state.withLock { $0.attention }
        _ = pause(until: time) {
            attention.withLock { isWanted in
                defer { isWanted = false }
                return isWanted
            }
        }
    }

    /// Lets happen what was still to happen by itself.
    func finishEvents() {
        state.withLock { state in
            while let event = state.scheduler.takeEvent(before: nil) { event(&state) }
        }
    }

    func content(_ path: [String]) -> [UInt8]? { state.withLock { try? $0.tree.contents(path).get() } }

    /// Says something to all who work here, at once and without faults.
    func say(_ verb: ControlRecord.Verb, _ scope: ControlRecord.Scope, root: FilePath, seed: UInt64) throws {
        try act(root: root, seed: seed) { directory, scratch in
            _ = try directory.post(verb, scope, scratch: scratch)
        }
    }

    private func act(root: FilePath, seed: UInt64, _ body: (JobDirectory, FilePath) throws -> Void) throws {
        try state.withLock { state in
            let disk = StageFileSystem(state.tree, time: state.scheduler.now)
            let stage = Stage(seed: seed &+ UInt64(state.calls))
            let directory = try JobDirectory.open(at: root, trustOwner: nil, fileSystem: disk, platform: stage)
            let scratch = root.below("scratch", "user-\(stage.randomBits())")
            try disk.makeDirectories(scratch)
            try body(directory, scratch)
            state.tree = disk.tree
            _ = state.tree.takeEdits()
            state.trace.note(state.scheduler.now, "user", "acts")
        }
    }

    /// Adds a campaign, at once and without faults.
    func register(_ plan: JobPlan, root: FilePath, seed: UInt64) throws {
        try act(root: root, seed: seed) { directory, scratch in
            _ = try directory.register(plan, files: [:], scratch: scratch)
        }
    }

    /// Checks that no more attempts were taken from workers than faults can have cost.
    func explainCrashes() {
        state.withLock { state in
            let (crashes, cost) = (state.inspector.crashes, state.faults.attempts)
            if crashes > cost {
                state.inspector.report("\(crashes) attempts counted as crashes after faults that cost at most \(cost)")
            }
        }
    }

    /// Checks that no more jobs were done anew than faults can be the reason for.
    func explainRestarts() {
        state.withLock { state in
            let (restarts, cost) = (state.inspector.restarts, state.faults.restarts)
            if restarts > cost {
                state.inspector.report("jobs were done anew \(restarts) times after faults that cost at most \(cost)")
            }
        }
    }

    /// Checks that a job could fail for good: that so much went wrong.
    func explain(_ job: JobID, _ reason: Reason, _ plan: JobPlan) {
        state.withLock { state in
            let faults = reason == .inputLost ? state.faults.losses : state.faults.drawn.count
            let failures = reason == .inputLost || reason == .poison ? 0 : state.failures[job] ?? 0
            // A crash and a lost input cost a fault each; a failure is the job's own, or a fault's.
            let needed = reason == .poison ? 5 : reason == .inputLost ? RepairDecision.generationLimit - 1 : 3
            if faults + failures < needed {
                state.inspector.report(
                    "job \(job) failed (\(reason)) after \(faults) such faults and \(failures) failures"
                )
            }
        }
    }

    func outcome(failedCampaigns: Int) -> Outcome {
        state.withLock { state in
            Outcome(
                violations: state.inspector.violations,
                faults: state.faults.drawn,
                calls: state.calls,
                seconds: state.scheduler.now.seconds,
                digest: state.trace.digest,
                trace: state.trace.lines,
                failedCampaigns: failedCampaigns
            )
        }
    }
}
