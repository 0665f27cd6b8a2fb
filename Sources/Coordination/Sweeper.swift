// SPDX-License-Identifier: MIT

import JobStorage
import Logging
import SystemPackage
import SystemSupport

/// Finds running attempts whose workers are lost, and settles them.
struct Sweeper {
    private let directory: JobDirectory
    private let observer: HostIdentity
    private let probe: DiskProbe
    private let logger: Logger
    private let log: CoordinatorLog
    private var tracker: LivenessTracker
    private var registrations: [WorkerName: WorkerRegistration] = [:]
    private var looks: Rhythm
    private var proofs = Rhythm(every: .seconds(2))
    private var suspects: Set<Token> = []

    init(
        _ directory: JobDirectory,
        observer: HostIdentity,
        probe: DiskProbe,
        logger: Logger,
        log: CoordinatorLog
    ) {
        self.directory = directory
        self.observer = observer
        self.probe = probe
        self.logger = logger
        self.log = log
        tracker = LivenessTracker(directory.settings)
        looks = Rhythm(every: directory.settings.heartbeat)
    }

    /// Looks at heartbeats every few seconds and for dead processes more often, and settles what is lost.
    ///
    /// True where anything was settled.
    mutating func sweep(
        _ running: [Token],
        now: BootClock.Instant,
        priority: (Token) -> Int
    ) throws(FileError) -> Bool {
        let isLookDue = looks.takeTurn(at: now)
        let isProofDue = proofs.takeTurn(at: now)
        guard isLookDue || isProofDue else { return false }
        let owners = Set(running.compactMap(\.name.worker)).sorted()
        if isLookDue {
            var heartbeats: [WorkerName: Heartbeat] = [:]
            for owner in owners { heartbeats[owner] = directory.heartbeat(of: owner) }
            tracker.observe(running, heartbeats: heartbeats, isHealthy: probe.isHealthy(), now: now)
        }
        if isProofDue {
            for owner in owners where isProvablyDead(owner) { tracker.record(gone: owner) }
        }
        var isSettled = false
        for token in toSettle(running, isLookDue: isLookDue) where try settle(token, priority: priority(token)) {
            isSettled = true
        }
        return isSettled
    }

    /// The attempts that are lost beyond doubt, and at a look at heartbeats also those that are lost by silence.
    ///
    /// Where much of the fleet seems to be silent at once, the observer may be at fault: it looks again first.
    private mutating func toSettle(_ running: [Token], isLookDue: Bool) -> [Token] {
        let lost = running.filter { tracker.observation(of: $0).isLost(directory.settings) }
        let proven = lost.filter { tracker.observation(of: $0).isOwnerGone }
        guard isLookDue else { return proven }
        let silent = Set(lost).subtracting(proven)
        let isDoubtful = Self.needsSecondLook(
            silent: Set(silent.compactMap(\.name.worker)).count,
            fleet: Set(running.compactMap(\.name.worker)).count
        )
        defer { suspects = silent }
        return proven + lost.filter { silent.contains($0) && (!isDoubtful || suspects.contains($0)) }
    }

    /// Whether so many workers fell silent together that it is to be seen twice: more than half of four or more.
    static func needsSecondLook(silent: Int, fleet: Int) -> Bool {
        fleet >= 4 && silent * 2 > fleet
    }

    private func settle(_ token: Token, priority: Int) throws(FileError) -> Bool {
        let hasResult = (try? directory.result(of: token)) != nil
        // Its worker may have died before it could make the result's name durable, which it is to be before `done`.
        if hasResult { try directory.synchronizeResult(of: token) }
        let decision = SweepDecision.afterCrash(
            of: token.name.attempt,
            hasValidResult: hasResult,
            settings: directory.settings
        )
        let why = Self.reason(of: tracker.observation(of: token), directory.settings)
        guard try directory.settle(token, decision, priority: priority) == .moved else { return false }
        logger.notice(
            "lost attempt settled",
            metadata: [
                "campaign": "\(token.campaign)", "job": "\(token.name.job)", "decision": "\(decision)",
                "worker": "\(token.name.worker.map(\.description) ?? "")", "why": "\(why)",
            ]
        )
        log.write(token, decision == .complete ? "done" : "crashed", why)
        return true
    }

    /// Why an attempt counts as lost, in words.
    private static func reason(of observation: AttemptObservation, _ settings: QueueSettings) -> String {
        if observation.isOwnerGone { return "its worker's process is gone" }
        if observation.silence >= settings.lease {
            return "its worker's heartbeat stood still for \(observation.silence.components.seconds) s"
        }
        return "its worker did not list it for \(observation.unlisted.components.seconds) s"
    }

    private mutating func isProvablyDead(_ worker: WorkerName) -> Bool {
        if registrations[worker] == nil { registrations[worker] = directory.registration(of: worker) }
        guard let registration = registrations[worker] else { return false }
        return directory.platform.isProvablyDead(registration.identity, seenFrom: observer)
    }
}
