// SPDX-License-Identifier: MIT

import JobStorage
import Logging
import SystemSupport

/// A worker's heartbeats: the list of what it holds, published in a rhythm that nothing else can starve.
final class HeartbeatPublisher: Sendable {
    private struct State {
        var held: [Heartbeat.Held] = []
        var status = Heartbeat.State.idle
        var acknowledged: BootClock.Instant?
        /// When a beat was last known to have failed.
        var refused: BootClock.Instant?
        var isOver = false
    }

    private struct Turn {
        var lastSequence: UInt64 = 0
        var isTaken = false
    }

    private let directory: JobDirectory
    private let worker: WorkerName
    private let logger: Logger
    private let now: @Sendable () -> BootClock.Instant
    private let state = Monitor(State())
    /// Apart from the state, so that nothing that changes there wakes the rhythm: a small job has five such changes.
    private let isRhythmOver = Monitor(false)
    /// Beats reach the disk in order, one at a time.
    private let turn = Monitor(Turn())
    private let complaint = Monitor(SeldomWord())

    init(
        _ directory: JobDirectory,
        _ worker: WorkerName,
        logger: Logger,
        now: @escaping @Sendable () -> BootClock.Instant
    ) {
        self.directory = directory
        self.worker = worker
        self.logger = logger
        self.now = now
    }

    /// Publishes the list; once this returns, the attempts on it are leased.
    func beat() throws(FileError) {
        _ = directory.platform.wait(on: turn, atMost: nil) { turn in
            if turn.isTaken { return false }
            turn.isTaken = true
            turn.lastSequence += 1
            return true
        }
        defer { turn.withLock { $0.isTaken = false } }
        // The time before the call: an observer may count from there.
        let start = now()
        let sequence = turn.withLock { $0.lastSequence }
        let heartbeat = state.withLock { state in
            Heartbeat(worker: worker, sequence: sequence, state: state.status, held: state.held)
        }
        do throws(FileError) { try directory.beat(heartbeat) } catch {
            state.withLock { $0.refused = now() }
            throw error
        }
        state.withLock { $0.acknowledged = start }
    }

    /// Whether a beat failed since then, or fails now.
    ///
    /// What else failed meanwhile is no job's fault: the job directory could not be reached.
    func isRefused(since start: BootClock.Instant) -> Bool {
        beatOrSayWhyNot()
        return state.withLock { state in state.refused.map { start <= $0 } ?? false }
    }

    /// Whether the last acknowledged beat is young enough to claim more.
    var isFresh: Bool {
        guard let acknowledged = state.withLock({ $0.acknowledged }) else { return false }
        return acknowledged.duration(to: now()) < directory.settings.claimLimit
    }

    func hold(_ token: Token) {
        state.withLock { state in
            state.held.append(Heartbeat.Held(token, progress: Progress(fraction: 0, text: "")))
            if state.status == .idle { state.status = .working }
        }
    }

    func report(_ progress: Progress, on token: Token) {
        state.withLock { state in
            let held = Heartbeat.Held(token, progress: progress)
            state.held = state.held.map {
                $0.campaign == held.campaign && $0.job == held.job && $0.attempt == held.attempt ? held : $0
            }
        }
    }

    func release(_ token: Token) {
        state.withLock { state in
            state.held.removeAll {
                $0.campaign == token.campaign && $0.job == token.name.job && $0.attempt == token.name.attempt
            }
            if state.status == .working, state.held.isEmpty { state.status = .idle }
        }
    }

    /// Says from the next beat on that nothing more is claimed; too late for a worker that is leaving already.
    func drain() {
        state.withLock { if !$0.isOver { $0.status = .draining } }
    }

    /// Whether the worker says that it does not trust its machine.
    var isUnhealthy: Bool {
        get { state.withLock { $0.status == .unhealthy } }
        set {
            state.withLock { state in
                if newValue, state.status == .idle { state.status = .unhealthy }
                if !newValue, state.status == .unhealthy { state.status = .idle }
            }
        }
    }

    /// Starts the rhythm, which ends with `end`, and calls the body after each beat.
    func start(afterEach body: @escaping @Sendable () -> Void) -> any RunningThread {
        directory.platform.startThread(named: "heartbeat") { [self] in
            let rhythm = directory.settings.heartbeat
            while !directory.platform.wait(on: isRhythmOver, atMost: rhythm, until: { $0 }) {
                beatOrSayWhyNot()
                body()
            }
        }
    }

    /// Ends the rhythm with a last beat, which says that nothing is held any more.
    func end(_ rhythm: any RunningThread) {
        state.withLock { state in
            state.isOver = true
            state.status = .stopped
            state.held = []
        }
        isRhythmOver.withLock { $0 = true }
        try? rhythm.join()
        beatOrSayWhyNot()
    }

    private func beatOrSayWhyNot() {
        do throws(FileError) { try beat() } catch {
            let time = now()
            guard complaint.withLock({ $0.isDue(at: time) }) else { return }
            return logger.warning("heartbeat failed", metadata: ["error": "\(error)"])
        }
        if complaint.withLock({ $0.end() }) { logger.warning("heartbeats are written again") }
    }
}
