// SPDX-License-Identifier: MIT

public import JobStorage
public import Logging
private import SystemPackage
public import SystemSupport

/// Publishes what is ready, takes back what was lost, and merges what is done, again and again.
///
/// It keeps nothing that it could not read again from the job directory: it may be stopped at any point, started
/// elsewhere, and several may run at once.
public struct CoordinationLoop {
    /// Its name in the job directory, under which it keeps its scratch folder.
    public let name: WorkerName
    private let directory: JobDirectory
    private let content: any CampaignContent
    private let logger: Logger
    private let now: @Sendable () -> BootClock.Instant
    private var sweeper: Sweeper
    private var cleaner: ScratchCleaner
    private var heartbeats: HeartbeatCleaner
    private var control: ControlReader
    private var hints: HintWriter
    private var notes: EndNoteWriter
    private var losses = LossTracker()
    private let log: CoordinatorLog
    private var campaigns: [CampaignID: CampaignCache] = [:]
    private var ends: [CampaignID: CampaignEnd] = [:]
    /// Whether the step under way has published, settled or reissued anything.
    private var hasChanged = false

    /// Prepares a coordinator with a scratch folder of its own.
    ///
    /// `now` is asked in place of the directory's platform where it is given.
    public init(
        _ directory: JobDirectory,
        content: any CampaignContent,
        logger: Logger,
        now: (@Sendable () -> BootClock.Instant)? = nil
    ) throws(FileError) {
        let platform = directory.platform
        let now = now ?? { platform.now }
        let identity = try platform.identity()
        name = try directory.makeScratch(for: identity)
        self.directory = directory
        self.content = content
        self.logger = logger
        self.now = now
        let scratch = directory.scratch(of: name)
        try directory.checkFitness(scratch: scratch)
        cleaner = ScratchCleaner(directory, observer: identity, logger: logger)
        let probe = DiskProbe(directory, file: scratch.below("probe"), logger: logger, now: now)
        heartbeats = HeartbeatCleaner(directory, observer: identity, probe: probe, logger: logger)
        control = ControlReader(directory)
        hints = HintWriter(directory, scratch: scratch, logger: logger)
        notes = EndNoteWriter(directory, scratch: scratch, logger: logger)
        log = CoordinatorLog(directory, name, logger: logger)
        sweeper = Sweeper(directory, observer: identity, probe: probe, logger: logger, log: log)
    }

    /// Coordinates until every campaign has ended, or until it is asked to stop.
    ///
    /// Looks around in the given rhythm: short where workers of this machine wait for it, and somewhat slower where
    /// looking takes long, so that it hardly keeps a processor busy. Calls `look` after each step, and ends where it
    /// says no. To be called once; the scratch folder is gone afterwards.
    public mutating func run(
        every rhythm: Duration,
        until isStopping: Monitor<Bool>,
        afterEach look: () throws(FileError) -> Bool = { true }
    ) throws(FileError) -> [CampaignID: CampaignEnd] {
        defer { try? directory.removeScratch(of: name) }
        var pause = rhythm
        var complaint = SeldomWord()
        var closure = Closure()
        repeat {
            let start = now()
            do throws(FileError) {
                if try step() { break }
                guard try look() else { break }
                closure.end()
                if complaint.end() { logger.warning("steps succeed again") }
            } catch  where !error.isEnvironmental || closure.mayPass(error, in: directory, now: now()) {
                if complaint.isDue(at: now()) { logger.warning("step failed", metadata: ["error": "\(error)"]) }
            }
            pause = hasChanged ? rhythm : Self.pause(after: start.duration(to: now()), rhythm: rhythm)
        } while !directory.platform.wait(on: isStopping, atMost: pause, until: { $0 })
        return ends
    }

    /// How long to rest after a step in which nothing changed: what workers wait for comes within two seconds.
    static func pause(after effort: Duration, rhythm: Duration) -> Duration {
        max(rhythm, min(effort * 20, .seconds(2)))
    }

    /// The campaigns that have ended, as far as this coordinator has seen.
    public var endedCampaigns: [CampaignID: CampaignEnd] { ends }

    /// Does all that can be done now; true where every campaign has ended.
    public mutating func step() throws(FileError) -> Bool {
        hasChanged = false
        let known = try directory.campaigns()
        for campaign in notes.readNotes(now: now()) { ends[campaign] = .done }
        readControl()
        var running: [Token] = []
        var isWhole = true
        for campaign in known where ends[campaign] == nil {
            do throws(FileError) {
                ends[campaign] = try advance(campaign, running: &running)
            } catch  where !error.isEnvironmental {
                // Listings and files of a shared disk may fail for a moment; the next step sees them anew.
                isWhole = false
                logger.warning("step failed", metadata: ["campaign": "\(campaign)", "error": "\(error)"])
            }
        }
        let priorities = campaigns.mapValues(\.priorities)
        let isSettled = try sweeper.sweep(running, now: now()) { priorities[$0.campaign]?[$0.bucket] ?? 5 }
        if isSettled { hasChanged = true }
        hints.publish(now: now())
        notes.noteEnds(ends, known: known, control.state) { campaigns[$0]?.plan }
        cleaner.clean(now: now())
        if isWhole { heartbeats.clean(keeping: running, now: now()) }
        return known.allSatisfy { ends[$0] != nil }
    }

    /// Reads what users have said; after a new word, campaigns that had failed may go on.
    private mutating func readControl() {
        do throws(FileError) {
            guard try control.refresh() else { return }
            ends = ends.filter { $0.value == .done }
        } catch {
            logger.info("control not read", metadata: ["error": "\(error)"])
        }
    }

    private mutating func advance(
        _ campaign: CampaignID,
        running: inout [Token]
    ) throws(FileError) -> CampaignEnd? {
        if try directory.isMerged(campaign) {
            if let cached = campaigns[campaign] { try giveWay(cached.plan) }
            return .done
        }
        if campaigns[campaign] == nil {
            do throws(PlanReadingError) {
                campaigns[campaign] = CampaignCache(try directory.plan(of: campaign))
            } catch {
                if case .file(let error) = error { throw error }
                return .broken("\(error)")
            }
        }
        guard var cached = campaigns[campaign] else { return nil }
        defer { campaigns[campaign] = cached }
        var snapshot = try cached.scan(directory)
        while try publish(snapshot.bucketsToPublish(of: cached.plan, control.state), of: campaign) {
            snapshot = try cached.scan(directory)
        }
        let deprived = snapshot.tokens.values.filter(\.lacksInput)
        if !deprived.isEmpty {
            cached.reopen(before: Set(deprived.map(\.bucket)))
            snapshot = try cached.scan(directory)
        }
        for token in snapshot.void.sorted(by: { directory.path(of: $0).string < directory.path(of: $1).string }) {
            _ = try directory.settle(token, .fail(.superseded), priority: 0)
        }
        try restoreLostTokens(of: cached, snapshot)
        if try cancel(snapshot, of: campaign) { snapshot = try cached.scan(directory) }
        hints.collect(snapshot, of: cached.plan, control.state)
        for token in snapshot.openTokens {
            switch token.name.standing {
            case .returned(_, .brokenRecord) where token.name.attempt.generation < RepairDecision.generationLimit:
                try restore(token, cached.makers(content, in: directory))
            case .returned(_, let code) where token.lacksInput:
                let repair = InputRepair(
                    directory: directory,
                    content: content,
                    makers: cached.makers(content, in: directory),
                    scratch: directory.scratch(of: name),
                    logger: logger
                )
                try repair.attend(to: token, code: code, snapshot)
            case .returned(_, let code):
                let attempt = token.name.attempt
                let decision = SweepDecision.afterReturn(of: attempt, code: code, settings: directory.settings)
                let priority = cached.priorities[token.bucket] ?? 5
                if try directory.settle(token, decision, priority: priority) == .moved {
                    hasChanged = true
                    note("returned job settled", token, decision)
                }
            case .running: running.append(token)
            case .pending, .done, .failed: break
            }
        }
        return try end(of: &cached, snapshot)
    }

    /// Restores a token whose record could not be worked from: the plan has what it should hold.
    private mutating func restore(_ token: Token, _ makers: ArrayMakers) throws(FileError) {
        guard let job = makers.makers[token.name.job]?.job else { return }
        let scratch = directory.scratch(of: name)
        guard try directory.restoreToken(of: job, in: token.bucket, of: token.campaign, scratch: scratch) != nil else {
            return
        }
        hasChanged = true
        log.write(token, "broken", "its record could not be worked from; it is done in a new generation")
    }

    /// Restores tokens that several looks did not find.
    private mutating func restoreLostTokens(of cached: CampaignCache, _ snapshot: CampaignSnapshot) throws(FileError) {
        let campaign = cached.plan.campaign
        for bucket in cached.plan.buckets {
            let missing = snapshot.missingJobs(of: bucket)
            let rhythm = directory.settings.heartbeat
            for job in losses.lost(missing, in: bucket.name, of: campaign, now: now(), rhythm: rhythm) {
                let scratch = directory.scratch(of: name)
                guard let token = try directory.restoreToken(of: job, in: bucket.name, of: campaign, scratch: scratch)
                else {
                    continue
                }
                hasChanged = true
                logger.warning("lost token restored", metadata: ["campaign": "\(campaign)", "job": "\(job.id)"])
                log.write(token, "lost", "no token of it was left; it is done in a new generation")
            }
        }
    }

    /// Ends the jobs that a user cancelled and that nobody runs; true where there were any.
    private func cancel(_ snapshot: CampaignSnapshot, of campaign: CampaignID) throws(FileError) -> Bool {
        guard control.state.hasCancellation(in: campaign) else { return false }
        var isChanged = false
        let open = snapshot.tokens.values.filter { $0.name.folder == .pending || $0.name.folder == .returned }
        for token in open.sorted(by: { $0.name.job < $1.name.job }) {
            guard let reason = control.state.cancellation(of: token.name.job, of: campaign) else { continue }
            if try directory.cancel(token) == .moved { log.write(token, "cancelled", reason) }
            isChanged = true
        }
        return isChanged
    }

    /// Publishes buckets; true where this made a difference, so that more may have become ready.
    private mutating func publish(_ buckets: [JobPlan.Bucket], of campaign: CampaignID) throws(FileError)
        -> Bool
    {
        var isChanged = false
        for bucket in buckets {
            let complete = bucket.jobs.filter { content.isAlreadyComplete($0, of: campaign) }.map(\.id)
            let outcome = try directory.publish(
                bucket,
                of: campaign,
                omitting: Set(complete),
                scratch: directory.scratch(of: name)
            )
            guard outcome == .published else { continue }
            isChanged = true
            logger.info(
                "bucket published",
                metadata: [
                    "campaign": "\(campaign)", "bucket": "\(bucket.name)", "jobs": "\(bucket.jobs.count)",
                    "complete": "\(complete.count)",
                ]
            )
        }
        if isChanged { hasChanged = true }
        return isChanged
    }

    /// Lets another coordinator's merge stand; it was quicker.
    private func giveWay(_ plan: JobPlan) throws(FileError) {
        do { try content.giveWay(plan) } catch {
            if let error = error as? FileError { throw error }
            let metadata: Logger.Metadata = ["campaign": "\(plan.campaign)", "error": "\(error)"]
            logger.warning("a report may be damaged; look at it with verify", metadata: metadata)
        }
    }

    /// Merges a campaign that is done, and says how one has ended.
    ///
    /// Where the disk refuses, nothing is known to be wrong with the campaign: the next step merges it again, or the
    /// caller ends because the place is full or closed.
    private mutating func end(
        of cached: inout CampaignCache,
        _ snapshot: CampaignSnapshot
    ) throws(FileError) -> CampaignEnd? {
        let plan = cached.plan
        let outcome = snapshot.outcome(of: plan, control.state)
        if case .failed(let reasons) = outcome, control.state.isBehind(reasons, of: plan.campaign) {
            // Whoever cancels says so first: the word is there, and tells how the campaign ends.
            readControl()
        }
        let unusable: UnusableResult
        do {
            let cancellation = control.state.cancellation(of: plan.campaign)
            switch outcome {
            case .underWay:
                _ = try hasMoreParts(plan, snapshot, .underWay)
                return nil
            case .failed(let reasons):
                if try hasMoreParts(plan, snapshot, cancellation == nil ? .failed : .cancelled) { return nil }
                return cancellation.map { .cancelled($0) } ?? .failed(reasons)
            case .done:
                // What can be merged with pauses is, so that the rest takes little time.
                if try hasMoreParts(plan, snapshot, .complete) { return nil }
                return try merge(plan, CampaignResults(directory, snapshot))
            }
        } catch let error as UnusableResult {
            unusable = error
        } catch let error as FileError {
            throw error
        } catch ResultError.unreadable(let error) {
            throw error
        } catch {
            return .broken("\(error)")
        }
        return try reissueMaker(of: unusable, &cached, snapshot)
    }

    /// Merges parts for some moments; whether there are more.
    private mutating func hasMoreParts(
        _ plan: JobPlan,
        _ snapshot: CampaignSnapshot,
        _ phase: CampaignPhase
    ) throws -> Bool {
        guard try content.mergesParts(of: plan.campaign),
            try content.mergePart(plan, results: CampaignResults(directory, snapshot), phase: phase)
        else { return false }
        hasChanged = true
        return true
    }

    private func merge(_ plan: JobPlan, _ results: CampaignResults) throws -> CampaignEnd {
        for alarm in try ResultAgreement(directory).alarms(of: plan) {
            logger.error("results differ", metadata: ["campaign": "\(plan.campaign)", "alarm": "\(alarm)"])
        }
        try content.merge(plan, results: results)
        guard try directory.isMerged(plan.campaign) else {
            return .broken("the merge of \(plan.campaign) left no SUCCESS.json")
        }
        logger.info("campaign merged", metadata: ["campaign": "\(plan.campaign)"])
        return .done
    }

    /// Reissues a job whose result cannot be merged, unless that was done often enough.
    private mutating func reissueMaker(
        of unusable: UnusableResult,
        _ cached: inout CampaignCache,
        _ snapshot: CampaignSnapshot
    ) throws(FileError) -> CampaignEnd? {
        guard let bucket = cached.makers(content, in: directory).makers[unusable.job]?.bucket,
            let token = snapshot.token(of: unusable.job, in: bucket.name)
        else { return .broken("\(unusable)") }
        let generation = token.name.attempt.generation
        guard generation < RepairDecision.generationLimit else {
            return .broken("\(unusable), although the job was done \(generation) times; check that disk")
        }
        cached.reopen(bucket.name)
        let scratch = directory.scratch(of: name)
        if try directory.reissue(token.name.job, token, in: bucket, of: token.campaign, scratch: scratch) == .moved {
            hasChanged = true
            logger.warning(
                "job reissued, since its result cannot be merged",
                metadata: ["campaign": "\(token.campaign)", "job": "\(token.name.job)", "why": "\(unusable)"]
            )
        }
        return nil
    }

    private func note(_ message: Logger.Message, _ token: Token, _ decision: SweepDecision) {
        logger.notice(
            message,
            metadata: ["campaign": "\(token.campaign)", "job": "\(token.name.job)", "decision": "\(decision)"]
        )
    }
}

extension ControlState {
    /// Whether jobs were cancelled by a word that was not read yet.
    fileprivate func isBehind(_ reasons: [JobID: Reason], of campaign: CampaignID) -> Bool {
        reasons.contains { $0.value == .cancelled && cancellation(of: $0.key, of: campaign) == nil }
    }
}

extension CampaignSnapshot {
    /// The tokens that may need attention, always in the same order.
    fileprivate var openTokens: [Token] {
        tokens.values.filter { $0.name.folder == .running || $0.name.folder == .returned }
            .sorted { $0.name.job < $1.name.job }
    }
}

extension Token {
    /// Whether its job came back because it could not read an input.
    fileprivate var lacksInput: Bool {
        if case .returned(_, let code) = name.standing, case .inputUnreadable = ReturnCode(code) { return true }
        return false
    }
}
