// SPDX-License-Identifier: MIT

import Coordination
import JobStorage
import JobStorageTestSupport
import Logging
import SystemPackage
import SystemSupport
import Testing
import WorkerRuntime

/// Merges by joining the payloads in plan order.
struct Joining: CampaignContent {
    let directory: JobDirectory
    var complete: Set<JobID> = []
    var writesSuccess = true
    /// What the disk says to the first merge.
    var refusal: Errno?
    /// How many merges are refused.
    var refusals = 1
    let merges = Monitor(0)

    func isAlreadyComplete(_ job: JobSpecification, of campaign: CampaignID) -> Bool { complete.contains(job.id) }

    func merge(_ plan: JobPlan, results: CampaignResults) throws {
        let count = merges.withLock { count in
            count += 1
            return count
        }
        if let refusal, count <= refusals { throw FileError("write", directory.root, refusal) }
        var joined: [UInt8] = []
        for job in plan.buckets.flatMap(\.jobs) {
            joined += try results.result(of: job)?.result.payload ?? Array("-".utf8)
        }
        guard writesSuccess else { return }
        let reports = directory.reports(of: plan.campaign)
        try directory.fileSystem.makeDirectories(reports)
        try directory.fileSystem.overwrite(reports.appending("SUCCESS.json"), contents: joined)
    }
}

struct Runner: JobRunner {
    let body: @Sendable (JobSpecification) throws -> JobResult

    func run(_ job: JobSpecification, context: JobContext) throws -> JobResult { try body(job) }
}

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

@Suite(.timeLimit(.minutes(120)))
struct CoordinationTests {
    let temporary: TemporaryJobDirectory
    let directory: JobDirectory
    let id: CampaignID
    let stages = [bucket(0, jobs: 3), bucket(1, jobs: 2, after: [0]), bucket(2, jobs: 1, after: [0, 1])]

    init() throws {
        temporary = try TemporaryJobDirectory()
        directory = temporary.directory
        id = try campaign()
        let plan = try JobPlan(campaign: id, buckets: stages)
        _ = try directory.register(plan, files: [:], scratch: temporary.scratch())
    }

    private func loop(_ content: Joining? = nil) throws -> CoordinationLoop {
        try CoordinationLoop(directory, content: content ?? Joining(directory: directory), logger: quiet)
    }

    private func worker(untilEmpty: Bool, _ body: @escaping @Sendable (JobSpecification) throws -> JobResult) throws
        -> Worker
    {
        let options = WorkerOptions(
            threads: 1,
            memoryBudget: 1 << 30,
            untilEmpty: untilEmpty,
            idleTimeout: untilEmpty ? nil : .zero,
            timeLimit: .seconds(300),
            kinds: nil,
            versions: [:]
        )
        return try Worker(directory, options: options, runners: ["sum": Runner(body: body)], logger: quiet)
    }

    private func echoing(untilEmpty: Bool = false) throws -> Worker {
        try worker(untilEmpty: untilEmpty) { JobResult(payload: $0.payload, inputs: [:]) }
    }

    private func merged() throws -> String {
        let file = directory.reports(of: id).appending("SUCCESS.json")
        return String(decoding: try directory.fileSystem.contents(of: file, limit: 1 << 20), as: UTF8.self)
    }

    private var expected: String {
        stages.flatMap(\.jobs).map { String(decoding: $0.payload, as: UTF8.self) }.joined()
    }

    private func tokens(_ folder: TokenFolder, _ bucket: Int = 0) throws -> [Token] {
        try directory.tokens(in: folder, BucketName(number: bucket), of: id)
    }

    @Test func `a campaign of three stages is run by workers and merged once, in plan order`() throws {
        let content = Joining(directory: directory)
        let workers = try (0..<2).map { _ in try echoing(untilEmpty: true) }
        let threads = workers.map { worker in
            DedicatedThread(named: "worker") { #expect(worker.run() == .empty) }
        }
        var loop = try loop(content)
        #expect(try loop.run(every: .milliseconds(20), until: alarm(after: .seconds(300))) == [id: .done])
        for thread in threads { try thread.join() }
        #expect(try merged() == expected)
        #expect(content.merges.withLock { $0 } == 1)
    }

    @Test func `a coordinator that is replaced before every step loses nothing`() throws {
        var isOver = false
        for _ in 0..<5 {
            var loop = try loop()
            isOver = try loop.step()
            _ = try echoing().run()
        }
        #expect(isOver)
        #expect(try merged() == expected)
        var late = try loop()
        #expect(try late.step())
    }

    @Test func `three coordinators at once are as good as one`() throws {
        let worker = try echoing(untilEmpty: true)
        let working = DedicatedThread(named: "worker") { #expect(worker.run() == .empty) }
        let (directory, id) = (directory, id)
        try onThreads(3, named: "coordinator") { _ in
            var loop = try CoordinationLoop(directory, content: Joining(directory: directory), logger: quiet)
            #expect(try loop.run(every: .milliseconds(10), until: alarm(after: .seconds(300))) == [id: .done])
        }
        try working.join()
        #expect(try merged() == expected)
        #expect(try (0..<3).map { try tokens(.done, $0).count } == [3, 2, 1])
    }

    @Test func `a job that is complete already is not run, and the next coordinator knows`() throws {
        let known = stages[0].jobs[1]
        let last = stages[2].jobs[0]
        var first = try loop(Joining(directory: directory, complete: [known.id, last.id]))
        for _ in 0..<3 {
            _ = try first.step()
            _ = try echoing().run()
        }
        #expect(try tokens(.done).count == 2)
        var second = try loop()
        #expect(try second.step())
        let payloads = stages.flatMap(\.jobs).map { job in
            [known.id, last.id].contains(job.id) ? "-" : String(decoding: job.payload, as: UTF8.self)
        }
        #expect(try merged() == payloads.joined())
    }

    @Test func `a job that fails three times fails its campaign, once nothing else can be done`() throws {
        let bad = stages[0].jobs[0].id
        let worker = try worker(untilEmpty: true) { job in
            if job.id == bad { throw JobFailure.failed(code: "bad-image", message: "x.jpg") }
            return JobResult(payload: job.payload, inputs: [:])
        }
        let working = DedicatedThread(named: "worker") { #expect(worker.run() == .empty) }
        var loop = try loop()
        let reason = try present(Reason("f-bad-image"))
        #expect(
            try loop.run(every: .milliseconds(20), until: alarm(after: .seconds(300))) == [id: .failed([bad: reason])]
        )
        try working.join()
        #expect(try tokens(.failed).map(\.name.attempt.number) == [3])
        #expect(try directory.publishedBuckets(of: id) == [stages[0].name])
        let overview = try QueueOverview(of: directory, seenFrom: HostIdentity.current())
        #expect(overview.status.campaigns.map(\.state) == [.failed])
        var counts = JobCounts()
        counts.waiting = 3
        counts.done = 2
        counts.failed = 1
        #expect(overview.status.campaigns.first?.jobs == ["sum": counts])
    }

    @Test func `a job that was handed back is pending again with no count raised`() throws {
        var loop = try loop()
        _ = try loop.step()
        let worker = try worker(untilEmpty: false) { _ in throw HandedBack() }
        _ = worker.run()
        #expect(try tokens(.returned).count == 3)
        _ = try loop.step()
        let again = Attempt(generation: 1, number: 2, crashes: 0, failures: 0)
        #expect(try tokens(.pending).map(\.name.attempt) == [again, again, again])
        #expect(try tokens(.pending).allSatisfy { $0.name.standing == .pending(priority: 5) })
    }

    @Test func `a merge that leaves no mark of success is reported, not repeated for ever`() throws {
        let content = Joining(
            directory: directory,
            complete: Set(stages.flatMap(\.jobs).map(\.id)),
            writesSuccess: false
        )
        var loop = try loop(content)
        #expect(try loop.step())
        #expect(try loop.step())
        #expect(content.merges.withLock { $0 } == 1)
        #expect(loop.endedCampaigns[id] == .broken("the merge of \(id) left no SUCCESS.json"))
    }

    @Test func `a merge that the disk refuses is tried again at the next step`() throws {
        let all = Set(stages.flatMap(\.jobs).map(\.id))
        let content = Joining(directory: directory, complete: all, refusal: .staleNFSFileHandle)
        var loop = try loop(content)
        #expect(try !loop.step())
        #expect(loop.endedCampaigns.isEmpty)
        #expect(try loop.step())
        #expect(loop.endedCampaigns == [id: .done])
    }

    @Test func `a merge that is refused once by a closed place is tried again`() throws {
        let all = Set(stages.flatMap(\.jobs).map(\.id))
        var loop = try loop(Joining(directory: directory, complete: all, refusal: .permissionDenied))
        let ends = try loop.run(every: .milliseconds(10), until: alarm(after: .seconds(300)))
        #expect(ends == [id: .done])
    }

    @Test(arguments: [Errno.noSpace, .readOnlyFileSystem, .permissionDenied])
    func `a merge for which the disk is full or stays closed ends the run`(_ errno: Errno) throws {
        let all = Set(stages.flatMap(\.jobs).map(\.id))
        var loop = try loop(Joining(directory: directory, complete: all, refusal: errno, refusals: 2))
        #expect(throws: FileError("write", directory.root, errno)) {
            try loop.run(every: .milliseconds(10), until: alarm(after: .seconds(300)))
        }
    }

    @Test func `a bucket whose marker cannot be read holds up its campaign, not the coordinator`() throws {
        var loop = try loop()
        _ = try loop.step()
        let marker = directory.root.appending("pending").appending("\(id)").appending("00000").appending(".published")
        try directory.fileSystem.overwrite(marker, contents: [])
        var next = try self.loop()
        #expect(try !next.step())
    }

    @Test func `a campaign whose plan cannot be read is shown as failed, and why`() throws {
        let plan = directory.files(of: id).appending("plan")
        try directory.fileSystem.overwrite(plan, contents: Array("?".utf8))
        let overview = try QueueOverview(of: directory, seenFrom: HostIdentity.current())
        #expect(overview.status.campaigns.map(\.state) == [.failed])
        #expect(overview.status.campaigns.first?.jobs == [:])
        let line = try present(overview.lines(now: BootClock().now).first)
        #expect(line.contains(plan.string) && line.contains("under another name"))
    }

    @Test func `an observer that has seen a campaign end needs neither its plan nor its tokens again`() throws {
        var observer = try QueueObserver(directory, seenFrom: HostIdentity.current())
        let content = Joining(directory: directory, complete: [stages[2].jobs[0].id])
        var loop = try loop(content)
        while try !loop.step() {
            #expect(try observer.observe() == QueueOverview(of: directory, seenFrom: HostIdentity.current()))
            _ = try echoing().run()
        }
        let last = try observer.observe()
        #expect(last.status.campaigns.map(\.state) == [.done])
        #expect(last.status.workers.isEmpty && last.progress == [id: 1])
        try directory.fileSystem.remove(directory.files(of: id).appending("plan"))
        try directory.fileSystem.removeTree(directory.root.appending("done").appending("\(id)"))
        #expect(try observer.observe() == last)
    }

    @Test func `a coordinator that is asked to stop stops`() throws {
        var loop = try loop()
        #expect(try loop.run(every: .seconds(600), until: Monitor(true)).isEmpty)
    }
}
