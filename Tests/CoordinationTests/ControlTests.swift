// SPDX-License-Identifier: MIT

import JobStorage
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing
import WorkerRuntime

@testable import Coordination

/// What coordinators and workers make of what users say.
@Suite(.timeLimit(.minutes(120)))
struct CoordinatedControlTests {
    let temporary: TemporaryJobDirectory
    let directory: JobDirectory
    let id: CampaignID
    let stages = [bucket(0, jobs: 3), bucket(1, jobs: 2, after: [0])]

    init() throws {
        temporary = try TemporaryJobDirectory()
        directory = temporary.directory
        id = try campaign()
        let plan = try JobPlan(campaign: id, buckets: stages)
        _ = try directory.register(plan, files: [:], scratch: temporary.scratch())
    }

    private func loop() throws -> CoordinationLoop {
        try CoordinationLoop(directory, content: Joining(directory: directory), logger: quiet)
    }

    private func work(_ body: @escaping @Sendable (JobSpecification) throws -> JobResult) throws -> WorkerExit {
        let options = WorkerOptions(
            threads: 1,
            memoryBudget: 1 << 30,
            untilEmpty: false,
            idleTimeout: .zero,
            timeLimit: nil,
            kinds: nil,
            versions: ["engine": "test"]
        )
        return try Worker(directory, options: options, runners: ["sum": Runner(body: body)], logger: quiet).run()
    }

    private func echo() throws { _ = try work { JobResult(payload: $0.payload, inputs: [:]) } }

    private func inquiry() throws -> QueueInquiry { try QueueInquiry(directory) }

    private func state() throws -> QueueStatus.CampaignState? {
        var observer = try QueueObserver(directory, seenFrom: .current())
        return try observer.observe().status.campaigns.first?.state
    }

    @Test func `nothing of a paused campaign is begun, and it goes on when it is resumed`() throws {
        var loop = try loop()
        try QueueControl(directory).post(.pause, .campaign(id))
        #expect(try !loop.step())
        try echo()
        #expect(try directory.tokens(in: .pending, BucketName(number: 0), of: id).count == 3)
        #expect(try state() == .paused)
        try QueueControl(directory).post(.resume, .campaign(id))
        for _ in 0..<3 where try !loop.step() { try echo() }
        #expect(loop.endedCampaigns == [id: .done])
    }

    @Test func `a cancelled campaign ends with its reason, and retry takes it up where it was`() throws {
        var loop = try loop()
        _ = try loop.step()
        let first = stages[0].jobs[0].id
        _ = try work { job in
            if job.id != first { throw HandedBack() }
            return JobResult(payload: job.payload, inputs: [:])
        }
        _ = try loop.step()
        let given = try QueueControl(directory).cancel(inquiry(), .campaign(id), reason: "wrong weights")
        #expect(try given == 5 - directory.tokens(in: .done, BucketName(number: 0), of: id).count)
        #expect(try loop.step())
        #expect(loop.endedCampaigns == [id: .cancelled("wrong weights")])
        #expect(try state() == .cancelled)
        try echo()
        let failed = try inquiry().jobs(in: .failed)
        #expect(failed.count == given)
        #expect(failed.allSatisfy { $0.reason == "cancelled" })

        _ = try QueueControl(directory).retry(inquiry(), .campaign(id))
        for _ in 0..<4 where try !loop.step() { try echo() }
        #expect(loop.endedCampaigns == [id: .done])
        #expect(try inquiry().jobs().filter { $0.generation > 1 }.isEmpty == false)
    }

    @Test func `retry counts jobs that were cancelled before they began`() throws {
        #expect(try QueueControl(directory).cancel(inquiry(), .campaign(id), reason: "") == 5)
        #expect(try QueueControl(directory).retry(inquiry(), .campaign(id)) == 5)
        #expect(try QueueControl(directory).retry(inquiry(), .campaign(id)) == 0)
    }

    @Test func `a damaged plan keeps nobody from asking about other campaigns`() throws {
        let other = try campaign(2)
        let plan = try JobPlan(campaign: other, buckets: stages)
        _ = try directory.register(plan, files: [:], scratch: temporary.scratch())
        let file = directory.files(of: other).appending("plan")
        try LocalFileSystem().remove(file)
        try LocalFileSystem().create(file, contents: Array("garbage".utf8), durably: false)
        #expect(try inquiry().problems.keys.sorted() == [other])
        #expect(try inquiry().jobs().count == 5)
        #expect(try QueueControl(directory).cancel(inquiry(), .campaign(id), reason: "") == 5)
        #expect(throws: PlanReadingError.self) { try QueueInquiry(directory, campaign: other) }
    }

    @Test func `a job that runs while its campaign is cancelled is handed back and ends as cancelled`() throws {
        var loop = try loop()
        _ = try loop.step()
        let token = try present(directory.tokens(in: .pending, BucketName(number: 0), of: id).first)
        guard let claim = try directory.claim(token, for: worker()) else { throw Unavailable("claim") }
        _ = try QueueControl(directory).cancel(inquiry(), .campaign(id), reason: "")
        #expect(try !loop.step(), "somebody still runs a job of it")
        #expect(try directory.giveBack(claim, code: .handedBack) == .accepted)
        #expect(try loop.step())
        #expect(loop.endedCampaigns == [id: .cancelled("")])
    }

    @Test func `a failed campaign that is retried is done by the coordinator that saw it fail`() throws {
        var loop = try loop()
        for _ in 0..<6 {
            if try loop.step() { break }
            _ = try work { _ in throw JobFailure.failed(code: "bad", message: "no luck") }
        }
        guard case .failed(let reasons)? = loop.endedCampaigns[id] else { throw Unavailable("a failed campaign") }
        #expect(reasons.count == 3)
        let place = try inquiry().locate(String(stages[0].jobs[0].id.description.prefix(8)))
        let why = try present(inquiry().explanation(of: place, workers: []))
        #expect(why.attempts.map(\.outcome) == ["f-bad", "f-bad", "f-bad"])
        #expect(why.explanation.first == "no luck")
        #expect(try QueueControl(directory).retry(inquiry(), .queue) == 3)
        for _ in 0..<4 where try !loop.step() { try echo() }
        #expect(loop.endedCampaigns == [id: .done])
    }

    @Test func `a token that vanished is made again after several looks, and its job is done`() throws {
        let clock = Monitor(BootClock().now)
        var loop = try CoordinationLoop(
            directory,
            content: Joining(directory: directory),
            logger: quiet,
            now: { clock.withLock { $0 } }
        )
        _ = try loop.step()
        let token = try present(directory.tokens(in: .pending, BucketName(number: 0), of: id).first)
        try LocalFileSystem().remove(directory.path(of: token))
        for _ in 0..<4 {
            #expect(try directory.tokens(in: .pending, BucketName(number: 0), of: id).count == 2)
            _ = try loop.step()
            clock.withLock { $0 = $0.advanced(by: .seconds(10)) }
        }
        _ = try loop.step()
        #expect(try directory.tokens(in: .pending, BucketName(number: 0), of: id).count == 3)
        for _ in 0..<4 where try !loop.step() { try echo() }
        #expect(loop.endedCampaigns == [id: .done])
    }

    @Test func `a token whose record was damaged is made again from the plan, and its job is done`() throws {
        var loop = try loop()
        _ = try loop.step()
        let token = try present(directory.tokens(in: .pending, BucketName(number: 0), of: id).first)
        try LocalFileSystem().overwrite(directory.path(of: token), contents: Array("damaged".utf8))
        for _ in 0..<6 where try !loop.step() { try echo() }
        #expect(loop.endedCampaigns == [id: .done])
        let done = try directory.scan(id).tokens[token.name.job]
        #expect(done?.name.attempt.generation == 2)
    }

    @Test func `two machines that disagree on a job are named`() throws {
        var loop = try loop()
        _ = try loop.step()
        let token = try present(directory.tokens(in: .pending, BucketName(number: 0), of: id).first)
        guard let zombie = try directory.claim(token, for: worker(7)) else { throw Unavailable("claim") }
        let wrong = JobResult(payload: Array("wrong".utf8), inputs: [:])
        try directory.store(wrong, versions: ["engine": "test"], of: zombie)
        let next = token.name.attempt.next(crashes: 1, failures: 0)
        #expect(try directory.settle(zombie.token, .requeue(next), priority: 5) == .moved)
        #expect(try directory.finish(zombie) == .fenced)
        for _ in 0..<4 where try !loop.step() { try echo() }
        let alarms = try ResultAgreement(directory).alarms(of: directory.plan(of: id))
        #expect(alarms.map(\.job) == [token.name.job])
        #expect(try alarms.first?.workers.contains(worker(7)) == true)
    }

    @Test func `hints name the buckets that hold work`() throws {
        var loop = try loop()
        _ = try loop.step()
        #expect(try directory.newestHint()?.places.map(\.bucket) == [BucketName(number: 0)])
        try echo()
        _ = try loop.step()
        #expect(try directory.newestHint()?.places.map(\.bucket).contains(BucketName(number: 1)) == true)
    }
}
