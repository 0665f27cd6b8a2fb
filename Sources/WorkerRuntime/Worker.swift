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
    private let pulse: Pulse
    private let fleet: Monitor<Fleet>
    private let isDraining = Monitor(false)
    private let timeIsUp: @Sendable () -> Bool

    /// Prepares a worker; it is known to others only once it runs.
    ///
    /// `now` is asked in place of the directory's surroundings where it is given.
    public init(
        _ directory: JobDirectory,
        options: WorkerOptions,
        runners: [String: any JobRunner],
        logger: Logger,
        now: (@Sendable () -> BootClock.Instant)? = nil
    ) throws(FileError) {
        let surroundings = directory.surroundings
        let now = now ?? { surroundings.now }
        identity = try surroundings.identity()
        name = WorkerName(identity, random: surroundings.randomBits())
        var logger = logger
        logger[metadataKey: "worker"] = "\(name)"
        self.directory = directory
        self.options = options
        self.runners = runners
        self.logger = logger
        self.now = now
        fleet = Monitor(Fleet(directory))
        pulse = Pulse(directory, name, logger: logger, now: now)
        let start = now()
        let limit = options.timeLimit
        timeIsUp = { limit.map { start.duration(to: now()) >= $0 } ?? false }
    }

    /// Asks the worker to leave: it claims nothing more and hands back what it runs as soon as its runner lets it.
    public func drain() {
        isDraining.withLock { $0 = true }
        pulse.drain()
    }

    /// Works on the calling thread until there is a reason to leave.
    public func run() -> WorkerExit {
        do throws(FileError) {
            let registration = WorkerRegistration(worker: name, identity: identity, versions: options.versions)
            try directory.register(registration)
            try pulse.beat()
        } catch {
            return .environment("\(error)")
        }
        logger.info("worker started")
        let rhythm = pulse.start()
        let exit = work()
        pulse.end(rhythm)
        try? directory.fileSystem.removeTree(directory.scratch(of: name))
        logger.info("worker left", metadata: ["why": "\(exit)"])
        return exit
    }

    private func work() -> WorkerExit {
        let known = Set(runners.keys)
        var finder = WorkFinder(directory, kinds: options.kinds.map { $0.intersection(known) } ?? known)
        var watch = CampaignWatch(directory)
        var idleSince: BootClock.Instant?
        while true {
            if isDraining.withLock({ $0 }) { return .drained }
            if timeIsUp() { return .timeLimit }
            do throws(FileError) {
                if pulse.isFresh, let claim = try finder.claim(for: name) {
                    idleSince = nil
                    if let exit = execute(claim) { return exit }
                    continue
                }
                if options.untilEmpty, try watch.haveAllEnded() { return .empty }
            } catch  where error.isEnvironmental {
                return .environment("\(error)")
            } catch {
                logger.warning("looking for work failed", metadata: ["error": "\(error)"])
            }
            let start = idleSince ?? now()
            idleSince = start
            if let timeout = options.idleTimeout, start.duration(to: now()) >= timeout { return .idle }
            waitForWork()
        }
    }

    private func waitForWork() {
        let size = fleet.withLock { $0.size(now: now()) }
        var randomness = directory.surroundings.randomness
        let wait = WorkFinder.idleWait(fleet: size) * Double.random(in: 0...1, using: &randomness)
        _ = directory.surroundings.wait(on: isDraining, atMost: wait) { $0 }
    }

    // MARK: One job

    /// Runs a claimed job and says how it ended; an exit where the worker cannot go on.
    private func execute(_ claim: consuming Claim) -> WorkerExit? {
        let token = claim.token
        var logger = logger
        logger[metadataKey: "job"] = "\(token.name.job)"
        logger[metadataKey: "attempt"] = "\(token.name.attempt.number)"
        pulse.hold(token)
        defer { pulse.release(token) }
        let attempt = JobAttempt(
            directory: directory,
            worker: name,
            options: options,
            runners: runners,
            logger: logger,
            onProgress: { [pulse] in pulse.report($0, on: token) },
            isStopping: { [isDraining, timeIsUp] in isDraining.withLock { $0 } || timeIsUp() }
        )
        do throws(FileError) { try pulse.beat() } catch {
            // Without an acknowledged beat the attempt is not leased, so it is not computed.
            attempt.end(claim, .handedBack, "could not publish the claim: \(error)")
            if error.isEnvironmental { return .environment("\(error)") }
            waitForWork()
            return nil
        }
        switch attempt.outcome(of: claim) {
        case .result(let result):
            return attempt.finish(claim, result)
        case .givenBack(let code, let message):
            attempt.end(claim, code, message)
            return nil
        case .unfit(let message):
            attempt.end(claim, .handedBack, message)
            return .environment(message)
        }
    }
}
