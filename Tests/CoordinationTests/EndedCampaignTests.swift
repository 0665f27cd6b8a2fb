// SPDX-License-Identifier: MIT

import JobStorage
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing
import WorkerRuntime

@testable import Coordination

@Suite("Campaigns that have ended", .timeLimit(.minutes(120)))
struct EndedCampaignTests {
    /// A queue in which campaigns have ended and one is open, with a job that nobody here can do.
    private struct Aged {
        let temporary: TemporaryJobDirectory
        let calls = CountingFileSystem()
        let directory: JobDirectory
        let open: CampaignID

        init(ended: Int) throws {
            temporary = try TemporaryJobDirectory()
            directory = try temporary.through(calls)
            let scratch = try temporary.scratch()
            open = try campaign(0)
            let plan = try JobPlan(campaign: open, buckets: [bucket(0, jobs: 1, kind: "other")])
            _ = try directory.register(plan, files: [:], scratch: scratch)
            let buckets = [bucket(0, jobs: 1), bucket(1, jobs: 2, after: [0])]
            for number in 0..<ended {
                let plan = try JobPlan(campaign: campaign(number + 1), buckets: buckets)
                _ = try directory.register(plan, files: [:], scratch: scratch)
            }
        }

        func loop() throws -> CoordinationLoop {
            let complete = Set(bucket(0, jobs: 1).jobs.map(\.id) + bucket(1, jobs: 2).jobs.map(\.id))
            return try CoordinationLoop(
                directory,
                content: Joining(directory: directory, complete: complete),
                logger: quiet
            )
        }

        /// Steps of coordinators until all ends are noted.
        func settle() throws {
            var loop = try loop()
            var noted = 0
            repeat {
                noted = try directory.endNotes().count
                _ = try loop.step()
            } while try directory.endNotes().count > noted
        }

        /// Every look at it is by a new process, which knows nothing.
        func costs() throws -> [String: Int] {
            var costs: [String: Int] = [:]
            func count(_ what: String, _ body: () throws -> Void) throws {
                _ = calls.callsSince()
                try body()
                costs[what] = calls.callsSince()
            }
            try count("a look at the status") {
                var observer = try QueueObserver(directory, seenFrom: .current())
                let overview = try observer.observe()
                #expect(overview.status.campaigns.count { $0.state == .running } == 1)
            }
            var loop = try loop()
            try count("a new coordinator's first step") { _ = try loop.step() }
            try count("its second step") { _ = try loop.step() }
            try count("a worker that finds nothing and waits until all is empty") {
                let options = WorkerOptions(
                    threads: 1,
                    memoryBudget: 1 << 30,
                    untilEmpty: true,
                    idleTimeout: .zero,
                    timeLimit: nil,
                    kinds: nil,
                    versions: [:]
                )
                let runner = Runner { JobResult(payload: $0.payload, inputs: [:]) }
                let worker = try Worker(directory, options: options, runners: ["sum": runner], logger: quiet)
                #expect(worker.run() == .idle)
            }
            return costs
        }
    }

    /// A thousand with `LUCID_LONG`: the calls are the same, but they take a while to make.
    private static let many = environmentValue("LUCID_LONG") == nil ? 100 : 1000

    @Test func `many cost nobody a call more than one`() throws {
        func costs(ended: Int) throws -> [String: Int] {
            let aged = try Aged(ended: ended)
            try aged.settle()
            #expect(try aged.directory.endNotes().count == ended)
            return try aged.costs()
        }
        let (few, many) = (try costs(ended: 1), try costs(ended: Self.many))
        for (what, cost) in few { #expect(try present(many[what]) <= cost, "\(what)") }
    }

    @Test func `what their notes say is what a look at all their jobs says`() throws {
        let aged = try Aged(ended: 3)
        let directory = aged.directory
        try aged.settle()
        var observer = try QueueObserver(directory, seenFrom: .current())
        let byNotes = try observer.observe()
        for number in 1...3 { try directory.withdrawEndNotes(of: campaign(number)) }
        observer = try QueueObserver(directory, seenFrom: .current())
        #expect(try observer.observe() == byNotes)
        #expect(byNotes.status.campaigns.count { $0.state == .done } == 3)
    }

    @Test func `a cancelled one that is retried is looked at again by workers and coordinators`() throws {
        let aged = try Aged(ended: 0)
        let directory = aged.directory
        let control = QueueControl(directory)
        _ = try control.cancel(QueueInquiry(directory), .campaign(aged.open), reason: "no more")
        try aged.settle()
        let note = try present(directory.endNotes()[aged.open])
        #expect(note.state == .cancelled)
        var reader = ControlReader(directory)
        try reader.refresh()
        #expect(note.holds(reader.state))
        _ = try control.retry(QueueInquiry(directory), .campaign(aged.open))
        try reader.refresh()
        #expect(!note.holds(reader.state), "the word alone makes the note old")
        var loop = try aged.loop()
        #expect(try !loop.step())
        #expect(try directory.endNotes().isEmpty, "a coordinator takes it back")
    }

    @Test func `one that is noted again while a retry is under way is looked at all the same`() throws {
        let aged = try Aged(ended: 0)
        let directory = aged.directory
        let scope = ControlRecord.Scope.campaign(aged.open)
        let loop = Monitor(try aged.loop())
        _ = try loop.withLock { loop in try loop.step() }
        _ = try QueueControl(directory).cancel(QueueInquiry(directory), scope, reason: "no more")
        _ = try loop.withLock { loop in try loop.step() }
        let first = try present(directory.endNotes()[aged.open])
        // The word is said, and no token has moved yet: the coordinator reads the one and sees the others.
        let between = Monitor<[EndNote?]>([])
        let interrupted = FaultyFileSystem { source, _ in
            guard source.string.contains("/failed/"), between.withLock({ $0.isEmpty }) else { return nil }
            let note = try? loop.withLock { loop in
                _ = try loop.step()
                return try directory.endNotes()[aged.open]
            }
            between.withLock { $0.append(note) }
            return nil
        }
        let user = try aged.temporary.through(interrupted)
        #expect(try QueueControl(user).retry(QueueInquiry(user), scope) == 1)
        let again = try present(between.withLock { $0.first } ?? nil)
        #expect(again.state == .failed && again.number > first.number, "the race that is meant here")
        var reader = ControlReader(directory)
        try reader.refresh()
        #expect(try !(directory.endNotes()[aged.open]?.holds(reader.state) ?? false))
        #expect(try !loop.withLock { loop in try loop.step() }, "and the coordinator looks again")
        #expect(try directory.endNotes().isEmpty)
    }

    @Test func `one that is given work again by a repair is found by a worker that trusts notes`() throws {
        let aged = try Aged(ended: 1)
        let directory = aged.directory
        try aged.settle()
        let ended = try campaign(1)
        let job = bucket(0, jobs: 1).jobs[0]
        let problem = QueueProblem(
            .lostResult,
            campaign: ended,
            job: job.id,
            path: FilePath("results"),
            "it is gone",
            remedy: .reissue(job.id, nil, bucket(0, jobs: 1))
        )
        _ = try QueueRepair(directory, content: Joining(directory: directory)).repair(problem)
        #expect(try directory.endNotes()[ended] == nil)
        #expect(try directory.tokens(in: .pending, BucketName(number: 0), of: ended).count == 1)
        // Coordinators do not note an end while there is work.
        try aged.settle()
        #expect(try directory.endNotes()[ended] == nil)
    }

    @Test func `another's report is made durable before it is noted, so that no note outlives it`() throws {
        let aged = try Aged(ended: 1)
        let ended = try campaign(1)
        try aged.settle()
        try aged.directory.withdrawEndNotes(of: ended)
        let synced = Monitor<[FilePath]>([])
        let syncedBefore = Monitor<[[FilePath]]>([])
        let watching = FaultyFileSystem(onSync: { folder in synced.withLock { $0.append(folder) } }) { _, target in
            if target.removingLastComponent().lastComponent?.string == "ended" {
                let folders = synced.withLock { $0 }
                syncedBefore.withLock { $0.append(folders) }
            }
            return nil
        }
        let directory = try aged.temporary.through(watching)
        var loop = try CoordinationLoop(directory, content: Joining(directory: directory), logger: quiet)
        _ = try loop.step()
        let before = try present(syncedBefore.withLock { $0.first })
        #expect(before.contains(directory.reports(of: ended)))
        #expect(before.contains(directory.root.appending("reports")))
    }

    @Test func `a report that somebody removed is written again, whatever is noted`() throws {
        let aged = try Aged(ended: 1)
        try aged.settle()
        let report = aged.directory.reports(of: try campaign(1))
        try LocalFileSystem().removeTree(report)
        var loop = try aged.loop()
        _ = try loop.step()
        #expect(try LocalFileSystem().isPresent(report.appending("SUCCESS.json")))
    }

    @Test func `a heartbeat goes when its worker has left, is dead or was silent for long, and never before`() throws {
        let temporary = try TemporaryJobDirectory()
        let directory = temporary.directory
        let (own, other) = (try HostIdentity.current(), try elsewhere())
        let process = try SleepingProcess()
        func beating(_ identity: HostIdentity, _ number: UInt64, _ state: Heartbeat.State) throws -> WorkerName {
            let name = WorkerName(identity, random: number)
            try directory.register(WorkerRegistration(worker: name, identity: identity, versions: [:]))
            try directory.beat(Heartbeat(worker: name, sequence: 1, state: state, held: []))
            return name
        }
        let names = try (
            stopped: beating(other, 1, .stopped), killed: beating(process.identity, 2, .working),
            silent: beating(other, 3, .working), holding: beating(other, 4, .working), alive: beating(own, 5, .idle)
        )
        process.kill()
        let token = Token(
            campaign: try campaign(),
            bucket: BucketName(number: 0),
            name: TokenName(job: bucket(0, jobs: 1).jobs[0].id, attempt: .first, standing: .running(names.holding))
        )
        var cleaner = cleaner(directory, observer: own)
        let start = BootClock().now
        cleaner.clean(keeping: [token], now: start)
        #expect(try Set(directory.workersWithHeartbeat()) == [names.silent, names.holding, names.alive])
        for minute in 1...61 {
            let beat = Heartbeat(worker: names.alive, sequence: UInt64(minute) + 1, state: .idle, held: [])
            try directory.beat(beat)
            cleaner.clean(keeping: [token], now: start.advanced(by: .seconds(60 * minute)))
        }
        #expect(try Set(directory.workersWithHeartbeat()) == [names.holding, names.alive])
        #expect(try directory.registeredWorkers().count == 5, "who was there is known until it is pruned")
    }

    /// What removes heartbeats, with a file of its own to see whether the disk takes anything.
    private func cleaner(_ directory: JobDirectory, observer: HostIdentity) -> HeartbeatCleaner {
        let now = BootClock().now
        let probe = DiskProbe(directory, file: directory.root.pushing("logs/probe"), logger: quiet) { now }
        return HeartbeatCleaner(directory, observer: observer, probe: probe, logger: quiet)
    }

    @Test func `a heartbeat that stood still while nobody looked, or while the disk took nothing, stays`() throws {
        let temporary = try TemporaryJobDirectory()
        let directory = temporary.directory
        let (own, other) = (try HostIdentity.current(), try elsewhere())
        let silent = WorkerName(other, random: 1)
        try directory.register(WorkerRegistration(worker: silent, identity: other, versions: [:]))
        try directory.beat(Heartbeat(worker: silent, sequence: 1, state: .working, held: []))
        var cleaner = cleaner(directory, observer: own)
        var now = BootClock().now
        func look(after pause: Duration) {
            now = now.advanced(by: pause)
            cleaner.clean(keeping: [], now: now)
        }
        for _ in 0..<3 { look(after: .seconds(2 * 3600)) }
        #expect(try directory.workersWithHeartbeat() == [silent], "the observer's machine slept")
        // A folder of that name is written to by nobody.
        let probe = directory.root.pushing("logs/probe")
        try directory.fileSystem.remove(probe)
        try directory.fileSystem.makeDirectory(probe)
        for _ in 0..<120 { look(after: .seconds(60)) }
        #expect(try directory.workersWithHeartbeat() == [silent], "the disk took nothing all the time")
        try directory.fileSystem.removeDirectory(probe)
        for _ in 0..<61 { look(after: .seconds(60)) }
        #expect(try directory.workersWithHeartbeat().isEmpty)
    }
}
