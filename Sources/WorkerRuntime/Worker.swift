// SPDX-License-Identifier: MIT

public import JobStorage
public import Logging
public import SystemSupport

/// Takes jobs from a job directory and runs them one after another, until there is a reason to leave.
public final class Worker: Sendable {
    /// Its name in the job directory.
    public let name: WorkerName
    private let directory: JobDirectory
    private let options: WorkerOptions
    private let runners: [String: any JobRunner]
    private let logger: Logger
    private let now: @Sendable () -> BootClock.Instant
    private let identity: HostIdentity
    private let heartbeats: HeartbeatPublisher
    private let fleet: Monitor<Fleet>
    private let control: ControlWatch
    private let isDraining = Monitor(false)
    private let timeIsUp: @Sendable () -> Bool
    private let end: BootClock.Instant?

    /// Prepares a worker; it is known to others only once it runs.
    ///
    /// `now` is asked in place of the directory's platform where it is given.
    public init(
        _ directory: JobDirectory,
        options: WorkerOptions,
        runners: [String: any JobRunner],
        logger: Logger,
        now: (@Sendable () -> BootClock.Instant)? = nil
    ) throws(FileError) {
        let platform = directory.platform
        let now = now ?? { platform.now }
        identity = try platform.identity()
        name = WorkerName(identity, random: platform.randomBits())
        var logger = logger
        logger[metadataKey: "worker"] = "\(name)"
        self.directory = directory
        self.options = options
        self.runners = runners
        self.logger = logger
        self.now = now
        fleet = Monitor(Fleet(directory))
        heartbeats = HeartbeatPublisher(directory, name, logger: logger, now: now)
        control = ControlWatch(directory, name, logger: logger, now: now)
        let end = options.timeLimit.map { now().advanced(by: $0) }
        self.end = end
        timeIsUp = { end.map { $0 <= now() } ?? false }
    }

    /// Asks the worker to leave: it claims nothing more and hands back what it runs as soon as its runner lets it.
    public func drain() {
        isDraining.withLock { $0 = true }
        heartbeats.drain()
    }

    /// Works on the calling thread until there is a reason to leave.
    public func run() -> WorkerExit {
        do throws(FileError) {
            let registration = WorkerRegistration(worker: name, identity: identity, versions: options.versions)
            try directory.register(registration)
            try directory.checkFitness(scratch: directory.scratch(of: name))
            try control.start()
            try heartbeats.beat()
        } catch {
            return .environment("\(error)")
        }
        logger.info("worker started")
        let rhythm = heartbeats.start { [self] in
            control.refresh()
            if control.isDraining { drain() }
        }
        let exit = work()
        heartbeats.end(rhythm)
        try? directory.fileSystem.removeTree(directory.scratch(of: name))
        logger.info("worker left", metadata: ["why": "\(exit)"])
        return exit
    }

    private func work() -> WorkerExit {
        var finder = WorkFinder(directory)
        var watch = CampaignWatch(directory)
        var health = Health(heartbeat: directory.settings.heartbeat)
        var durations = JobDurations()
        var idleSince: BootClock.Instant?
        var complaint = SeldomWord()
        var closure = Closure()
        while true {
            if isDraining.withLock({ $0 }) { return .drained }
            if timeIsUp() { return .timeLimit }
            control.refresh()
            if control.isDraining {
                drain()
                continue
            }
            finder.listings = 0
            var hasLooked = false
            do throws(FileError) {
                if canClaim(&health) {
                    let start = now()
                    let terms = WorkFinder.Terms(kinds: kinds(durations, now: start), control: control.state)
                    let claim = try finder.claim(for: name, terms, now: start)
                    hasLooked = true
                    if let claim {
                        sayAgain(&complaint)
                        idleSince = nil
                        let ending = execute(claim, &closure)
                        if let exit = ending.exit { return exit }
                        let duration = start.duration(to: now())
                        health.record(failure: ending.isFailure, after: duration)
                        if let kind = ending.kind { durations.record(kind, duration) }
                        if ending.needsRest { waitForWork(finder, until: end) }
                        continue
                    }
                }
                if options.untilEmpty, try watch.haveAllEnded(control.state) { return .empty }
                if hasLooked {
                    sayAgain(&complaint)
                    closure.end()
                }
            } catch {
                if let exit = exit(after: error, &closure) { return exit }
                if complaint.isDue(at: now()) {
                    logger.warning("looking for work failed", metadata: ["error": "\(error)"])
                }
                rest()
            }
            let start = idleSince ?? now()
            idleSince = start
            if let timeout = options.idleTimeout, start.duration(to: now()) >= timeout { return .idle }
            let ends = [options.idleTimeout.map { start.advanced(by: $0) }, end].compactMap { $0 }
            waitForWork(finder, until: ends.min())
        }
    }

    /// The kinds of jobs that there are runners for, that are wanted, and that end before this worker's time is over.
    private func kinds(_ durations: JobDurations, now: BootClock.Instant) -> Set<String> {
        let known = Set(runners.keys)
        let wanted = options.kinds.map { $0.intersection(known) } ?? known
        guard let end else { return wanted }
        return wanted.filter { durations.fits($0, into: now.duration(to: end)) }
    }

    /// Whether this worker is known to be alive, and its machine to be sound.
    private func canClaim(_ health: inout Health) -> Bool {
        if health.isResting(now: now()) { return false }
        guard health.isDoubtful else { return heartbeats.isFresh }
        heartbeats.isUnhealthy = true
        var isSound = true
        do { try options.selfTest() } catch {
            isSound = false
            logger.error("this machine fails its own test", metadata: ["error": "\(error)"])
        }
        if isSound { logger.warning("several jobs failed here in a row, but this machine passes its own test") }
        health.record(isSound: isSound, now: now())
        if isSound { heartbeats.isUnhealthy = false }
        return false
    }

    /// Waits the longer the larger the fleet is, but never longer than until it is time to leave.
    private func waitForWork(_ finder: WorkFinder, until end: BootClock.Instant?) {
        let size = finder.fleet ?? fleet.withLock { $0.size(now: now()) }
        var randomness = directory.platform.randomness
        let wait =
            WorkFinder.idleWait(fleet: size, listings: finder.listings)
            * Double.random(in: 0...1, using: &randomness)
        let left = end.map { max(.zero, now().duration(to: $0)) } ?? wait
        _ = directory.platform.wait(on: isDraining, atMost: min(wait, left)) { $0 }
    }

    /// Says once that what had failed does no more.
    private func sayAgain(_ complaint: inout SeldomWord) {
        if complaint.end() { logger.warning("work can be looked for again") }
    }

    /// Gives the job directory some time to come back.
    private func rest() {
        let left = end.map { max(.zero, now().duration(to: $0)) } ?? directory.settings.heartbeat
        let wait = min(directory.settings.heartbeat / 2, left)
        _ = directory.platform.wait(on: isDraining, atMost: wait) { $0 }
    }

    // MARK: One job

    /// Why to leave after an error, where it is no passing one.
    private func exit(after error: FileError, _ closure: inout Closure) -> WorkerExit? {
        guard error.isEnvironmental, !closure.mayPass(error, in: directory, now: now()) else { return nil }
        return .environment("\(error)")
    }

    /// Runs a claimed job and says how it ended.
    private func execute(_ claim: consuming Claim, _ closure: inout Closure) -> JobEnding {
        let token = claim.token
        let start = now()
        var logger = logger
        logger[metadataKey: "job"] = "\(token.name.job)"
        logger[metadataKey: "attempt"] = "\(token.name.attempt.number)"
        heartbeats.hold(token)
        defer { heartbeats.release(token) }
        let isCancelled: @Sendable () -> Bool = { [control] in
            control.state.cancellation(of: token.name.job, of: token.campaign) != nil
        }
        let attempt = JobAttempt(
            directory: directory,
            worker: name,
            options: options,
            runners: runners,
            logger: logger,
            onProgress: { [heartbeats] in heartbeats.report($0, on: token) },
            isStopping: { [isDraining, timeIsUp] in isDraining.withLock { $0 } || timeIsUp() || isCancelled() },
            isDraining: isDraining
        )
        do throws(FileError) { try heartbeats.beat() } catch {
            // Without an acknowledged beat the attempt is not leased, so it is not computed.
            attempt.end(claim, .handedBack, "could not publish the claim: \(error)")
            return JobEnding(exit: exit(after: error, &closure), needsRest: true)
        }
        let (outcome, kind) = attempt.outcome(of: claim)
        switch outcome {
        case .result(let result):
            let refusal = attempt.finish(claim, result)
            guard let refusal else {
                closure.end()
                return JobEnding(kind: kind)
            }
            return JobEnding(exit: exit(after: refusal, &closure), needsRest: true)
        case .givenBack(.handedBack, let message):
            attempt.end(claim, .handedBack, isCancelled() ? "cancelled by a user" : message)
            return JobEnding()
        case .givenBack(_, let message) where heartbeats.isRefused(since: start):
            attempt.end(claim, .handedBack, "while the job directory could not be reached: \(message)")
            return JobEnding(needsRest: true)
        case .givenBack(let code, let message):
            attempt.end(claim, code, message)
            return JobEnding(isFailure: true)
        case .interrupted(let error):
            attempt.end(claim, .handedBack, "while the file server was in trouble: \(error)")
            return JobEnding(isFailure: true, needsRest: true)
        case .restart(let mode):
            attempt.end(claim, .handedBack, "this worker starts anew for it: \(mode)")
            return JobEnding(exit: .restart(mode))
        case .unfit(let message):
            attempt.end(claim, .handedBack, message)
            return JobEnding(exit: .environment(message))
        case .shutOut(let error):
            attempt.end(claim, .handedBack, "\(error)")
            return JobEnding(exit: exit(after: error, &closure), needsRest: true)
        }
    }
}

/// What a job's end means for the worker.
private struct JobEnding {
    /// Why the worker leaves, where it does.
    var exit: WorkerExit?
    /// Whether the job could not be done.
    var isFailure = false
    /// The kind of a job that has a result.
    var kind: String?
    /// Whether to wait before the next claim.
    var needsRest = false
}
