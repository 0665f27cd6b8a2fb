// SPDX-License-Identifier: MIT

import JobStorage
import JobStorageTestSupport
import Logging
import SystemPackage
import SystemSupport
import Testing
import WorkerRuntime

/// A runner that is a function.
struct Runner: JobRunner {
    let body: @Sendable (JobSpecification, JobContext) throws -> JobResult

    init(_ body: @escaping @Sendable (JobSpecification, JobContext) throws -> JobResult) {
        self.body = body
    }

    func run(_ job: JobSpecification, context: JobContext) throws -> JobResult { try body(job, context) }
}

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

func options(
    untilEmpty: Bool = false,
    idleTimeout: Duration? = .zero,
    timeLimit: Duration? = nil,
    kinds: Set<String>? = nil
) -> WorkerOptions {
    WorkerOptions(
        threads: 1,
        memoryBudget: 1 << 30,
        untilEmpty: untilEmpty,
        idleTimeout: idleTimeout,
        timeLimit: timeLimit,
        kinds: kinds,
        versions: ["engine": "test"]
    )
}

@Suite(.timeLimit(.minutes(120)))
struct WorkerTests {
    let temporary: TemporaryJobDirectory
    let directory: JobDirectory
    let id: CampaignID
    let echo = Runner { job, _ in JobResult(payload: job.payload, inputs: [:]) }

    init() throws {
        temporary = try TemporaryJobDirectory()
        directory = temporary.directory
        id = try campaign()
    }

    private func publish(_ buckets: JobPlan.Bucket...) throws {
        let plan = try JobPlan(campaign: id, buckets: buckets)
        let scratch = try temporary.scratch()
        _ = try directory.register(plan, files: [:], scratch: scratch)
        for bucket in buckets { _ = try directory.publish(bucket, of: id, omitting: [], scratch: scratch) }
    }

    private func tokens(_ folder: TokenFolder, _ bucket: Int = 0) throws -> [Token] {
        try directory.tokens(in: folder, BucketName(number: bucket), of: id)
    }

    @Test func `a last step that is refused for a while is tried again, and costs nothing`() throws {
        try publish(bucket(0, jobs: 1))
        let refusals = Monitor(4)
        let outage = FaultyFileSystem { _, target in
            guard target.string.contains("/done/") else { return nil }
            return refusals.withLock { left in
                left -= 1
                return left >= 0 ? .refused(.ioError) : nil
            }
        }
        let worker = try Worker(
            temporary.through(outage),
            options: options(),
            runners: ["sum": echo],
            logger: quiet
        )
        #expect(worker.run() == .idle)
        #expect(refusals.withLock { $0 } < 0)
        #expect(try tokens(.done).map(\.name.attempt) == [.first])
    }

    private func work(_ options: WorkerOptions, _ body: @escaping @Sendable (JobContext) throws -> Void) throws
        -> WorkerExit
    {
        let runner = Runner { job, context in
            try body(context)
            return JobResult(payload: job.payload, inputs: [:])
        }
        return try Worker(directory, options: options, runners: ["sum": runner], logger: quiet).run()
    }

    @Test func `a worker does all jobs and leaves when the campaign has ended by its plan`() throws {
        let bucket = bucket(0, jobs: 12)
        try publish(bucket)
        let worker = try Worker(
            directory,
            options: options(untilEmpty: true, idleTimeout: nil),
            runners: ["sum": echo],
            logger: quiet
        )
        #expect(worker.run() == .empty)
        let done = try tokens(.done)
        #expect(done.count == 12)
        for token in done {
            let stored = try directory.result(of: token)
            #expect(bucket.jobs.first { $0.id == token.name.job }?.payload == stored.result.payload)
            #expect(stored.versions == ["engine": "test"])
        }
        #expect(directory.heartbeat(of: worker.name)?.state == .stopped)
        #expect(directory.registration(of: worker.name)?.worker == worker.name)
        #expect(try !directory.fileSystem.isPresent(directory.scratch(of: worker.name)))
    }

    @Test func `several workers at once run each job once`() throws {
        try publish(bucket(0, jobs: 60))
        let runs = Monitor<[JobID: Int]>([:])
        let runner = Runner { job, _ in
            runs.withLock { $0[job.id, default: 0] += 1 }
            return JobResult(payload: job.payload, inputs: [:])
        }
        let directory = directory
        try onThreads(3, named: "worker") { _ in
            let worker = try Worker(
                directory,
                options: options(untilEmpty: true, idleTimeout: nil),
                runners: ["sum": runner],
                logger: quiet
            )
            #expect(worker.run() == .empty)
        }
        #expect(runs.withLock { $0.count == 60 && $0.values.allSatisfy { $0 == 1 } })
    }

    @Test func `while a job runs its attempt stands in the heartbeat, with its progress`() throws {
        try publish(bucket(0, jobs: 1))
        let directory = directory
        let running = try tokens(.pending)[0]
        _ = try work(options()) { context in
            let worker = try #require(try directory.workersWithHeartbeat().first)
            let beat = try #require(directory.heartbeat(of: worker))
            #expect(beat.lists(running))
            #expect(beat.state == .working)
            context.report(Progress(fraction: 0.5, text: "half"))
        }
        #expect(try tokens(.done).count == 1)
    }

    struct SayingNo: Sendable {
        let error: any Error
        let code: String
        let message: String
    }

    @Test(arguments: [
        SayingNo(error: JobFailure.failed(code: "Bad Image", message: "x.jpg"), code: "f-bad-image", message: "x.jpg"),
        SayingNo(
            error: JobFailure.inputUnreadable(code: "weights", message: "gone"),
            code: "i-weights",
            message: "gone"
        ),
        SayingNo(error: Unavailable("x"), code: "f-error", message: "Unavailable(what: \"x\")"),
        SayingNo(error: HandedBack(), code: "r", message: "handed back"),
    ])
    func `a job that cannot be done goes back with a code, and the log says why`(no: SayingNo) throws {
        try publish(bucket(0, jobs: 1))
        let exit = try work(options()) { _ in throw no.error }
        #expect(exit == .idle)
        let token = try #require(try tokens(.returned).first)
        #expect(token.name.reason?.description == no.code)
        let worker = try #require(token.name.worker)
        let file = directory.root.appending("logs").appending("\(worker).jsonl")
        let log = String(decoding: try directory.fileSystem.contents(of: file, limit: 1 << 20), as: UTF8.self)
        let message = no.message.replacing("\"", with: "\\\"")
        #expect(log.contains("\"message\":\"\(message)\"") && log.contains("\"outcome\":\"\(no.code)\""))
    }

    @Test func `what a file server does not find again is no failure of the job`() throws {
        try publish(bucket(0, jobs: 1))
        let exit = try work(options()) { _ in throw FileError("open", FilePath("/x"), .staleNFSFileHandle) }
        #expect(exit == .idle)
        #expect(try tokens(.returned).map { $0.name.reason?.description } == ["r"])
    }

    @Test(arguments: [
        JobFailure.environment(message: "no space left") as any Error,
        FileError("write", FilePath("/x"), .noSpace),
    ])
    func `a worker that cannot work here stops at the first job, which goes back unharmed`(error: any Error) throws {
        try publish(bucket(0, jobs: 5))
        let exit = try work(options()) { _ in throw error }
        #expect(exit == .environment("\(error)"))
        #expect(try tokens(.returned).map { $0.name.reason?.description } == ["r"])
        #expect(try tokens(.pending).count == 4)
    }

    @Test func `a job directory that is closed for a while is waited for, and the job goes back unharmed`() throws {
        try publish(bucket(0, jobs: 1))
        let files = ClosableFileSystem()
        let root = directory.root
        let isClosed = Monitor(false)
        let runner = Runner { _, context in
            files.close(root)
            isClosed.withLock { $0 = true }
            throw FileError("read", root.appending("cache"), .permissionDenied)
        }
        let worker = try Worker(
            temporary.through(files),
            options: options(),
            runners: ["sum": runner],
            logger: quiet
        )
        let server = DedicatedThread(named: "server") {
            guard isClosed.wait(atMost: .seconds(60), for: { $0 ? true : nil }) == true else { return }
            // Long enough for a first refusal, not for a lease.
            _ = Monitor(false).wait(atMost: .milliseconds(500)) { $0 ? true : nil }
            files.close(nil)
        }
        #expect(worker.run() == .idle)
        try server.join()
        #expect(try tokens(.returned).map { $0.name.reason?.description } == ["r"])
    }

    @Test func `a worker to which a part of the job directory stays closed leaves, and says which`() throws {
        try publish(bucket(0, jobs: 1))
        let files = ClosableFileSystem()
        let pending = directory.root.appending("pending")
        let worker = try Worker(
            temporary.through(files),
            options: options(idleTimeout: nil),
            runners: ["sum": echo],
            logger: quiet
        )
        files.close(pending)
        guard case .environment(let message) = worker.run() else { throw Unavailable("an end by the environment") }
        #expect(message.contains(pending.string) && message.contains("check that you may read it"))
    }

    @Test func `a worker that is asked to leave hands its job back and claims no other`() throws {
        try publish(bucket(0, jobs: 3))
        let isRunning = Monitor(false)
        let runner = Runner { _, context in
            isRunning.withLock { $0 = true }
            while true { try context.checkCancellation() }
        }
        let worker = try Worker(
            directory,
            options: options(idleTimeout: nil, timeLimit: .seconds(60)),
            runners: ["sum": runner],
            logger: quiet
        )
        let exit = Monitor<WorkerExit?>(nil)
        let thread = DedicatedThread(named: "worker") {
            let why = worker.run()
            exit.withLock { $0 = why }
        }
        #expect(isRunning.wait(atMost: .seconds(60)) { $0 ? true : nil } == true)
        worker.drain()
        try thread.join()
        #expect(exit.withLock { $0 } == .drained)
        #expect(try tokens(.returned).map { $0.name.reason?.description } == ["r"])
        #expect(try tokens(.pending).count == 2)
    }

    @Test func `when its time is over a worker hands its job back`() throws {
        try publish(bucket(0, jobs: 2))
        let time = Monitor(BootClock().now)
        let runner = Runner { _, context in
            time.withLock { $0 = $0.advanced(by: .seconds(61)) }
            try context.checkCancellation()
            return JobResult(payload: [], inputs: [:])
        }
        let worker = try Worker(
            directory,
            options: options(timeLimit: .seconds(60)),
            runners: ["sum": runner],
            logger: quiet,
            now: { time.withLock { $0 } }
        )
        #expect(worker.run() == .timeLimit)
        #expect(try tokens(.returned).count == 1)
        #expect(try tokens(.pending).count == 1)
    }

    @Test func `only kinds that were asked for are claimed, the best priority first`() throws {
        try publish(bucket(0, jobs: 3, priority: 7), bucket(1, jobs: 3, priority: 2), bucket(2, jobs: 1, kind: "other"))
        let order = Monitor<[Int]>([])
        let runner = Runner { job, _ in
            order.withLock { $0.append(job.priority) }
            return JobResult(payload: [], inputs: [:])
        }
        let worker = try Worker(
            directory,
            options: options(kinds: ["sum"]),
            runners: ["sum": runner, "other": runner],
            logger: quiet
        )
        #expect(worker.run() == .idle)
        #expect(order.withLock { $0 } == [2, 2, 2, 7, 7, 7])
        #expect(try tokens(.pending, 2).count == 1)
    }

    @Test func `a job whose file was changed is not run`() throws {
        try publish(bucket(0, jobs: 1))
        let token = try #require(try tokens(.pending).first)
        try directory.fileSystem.overwrite(directory.path(of: token), contents: Array("{}".utf8))
        _ = try work(options()) { _ in Issue.record("it ran") }
        #expect(try tokens(.returned).map { $0.name.reason?.description } == ["i-record"])
    }

    @Test func `what fails while the job directory cannot be reached is no failure of the job`() throws {
        try publish(bucket(0, jobs: 1))
        let exit = try work(options()) { context in
            // A folder in the heartbeat's place lets no beat be written.
            let files = context.directory.fileSystem
            let heartbeats = context.directory.root.appending("heartbeats")
            for name in try files.names(in: heartbeats) {
                try files.remove(heartbeats.appending(name))
                try files.makeDirectory(heartbeats.appending(name))
            }
            throw FileError("read", "an input", .ioError)
        }
        #expect(exit == .idle)
        #expect(try tokens(.returned).map { $0.name.reason?.description } == ["r"])
    }

    @Test(arguments: [(89, 0), (90, 1)])
    func `a worker whose last acknowledged heartbeat is too old claims nothing more`(age: Int, left: Int) throws {
        try publish(bucket(0, jobs: 2))
        let time = Monitor(BootClock().now)
        let runner = Runner { _, _ in
            time.withLock { $0 = $0.advanced(by: .seconds(age)) }
            return JobResult(payload: [], inputs: [:])
        }
        let worker = try Worker(
            directory,
            options: options(),
            runners: ["sum": runner],
            logger: quiet,
            now: { time.withLock { $0 } }
        )
        #expect(worker.run() == .idle)
        #expect(try tokens(.done).count == 2 - left)
        #expect(try tokens(.pending).count == left)
    }
}
