// SPDX-License-Identifier: MIT

import Coordination
import JobStorage
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing
import WorkerRuntime

/// Three jobs that each make a file of one array, and two that read all of them.
struct Chain: CampaignContent {
    let joining: Joining
    let array: FilePath
    let makers = bucket(0, jobs: 3)
    let readers = bucket(1, jobs: 2, after: [0])
    /// What a made file holds: "good", or something that nobody can read.
    var good = "good"
    /// Whether readers complain of whatever they read.
    var complains = false
    let runs = Monitor<[JobID: Int]>([:])
    /// What happens while the first file is inspected, which is then found damaged.
    let meanwhile = Monitor<(@Sendable () throws -> Void)?>(nil)

    init(_ directory: JobDirectory) {
        joining = Joining(directory: directory)
        array = directory.root.appending("arrays").appending("abc")
    }

    var directory: JobDirectory { joining.directory }

    func file(_ number: Int) -> FilePath { array.appending("c").appending("\(number)") }

    func isAlreadyComplete(_ job: JobSpecification, of campaign: CampaignID) -> Bool {
        let files = outputs(of: job)
        return !files.isEmpty && files.allSatisfy { (try? directory.fileSystem.isPresent($0)) ?? false }
    }

    func merge(_ plan: JobPlan, results: CampaignResults) throws {
        try joining.merge(plan, results: results)
    }

    func outputs(of job: JobSpecification) -> [FilePath] {
        makers.jobs.firstIndex(of: job).map { [file($0)] } ?? []
    }

    func arraysRead(by job: JobSpecification) -> [FilePath] { readers.jobs.contains(job) ? [array] : [] }

    func isReadable(_ file: FilePath) -> Bool {
        let event = meanwhile.withLock { event in
            defer { event = nil }
            return event
        }
        if let event {
            do { try event() } catch { Issue.record(error) }
            return false
        }
        return (try? directory.fileSystem.contents(of: file, limit: 100)) == Array("good".utf8)
    }

    /// Makes what is missing, or reads everything.
    func run(_ job: JobSpecification) throws -> JobResult {
        runs.withLock { $0[job.id, default: 0] += 1 }
        for file in outputs(of: job) where try !directory.fileSystem.isPresent(file) {
            try directory.fileSystem.makeDirectories(file.removingLastComponent())
            try directory.fileSystem.create(file, contents: Array(good.utf8), durably: false)
        }
        if readers.jobs.contains(job), complains || !(0..<3).allSatisfy({ isReadable(file($0)) }) {
            throw JobFailure.inputUnreadable(code: "shard", message: "damaged")
        }
        return JobResult(payload: job.payload, inputs: [:])
    }

    func damage(_ number: Int) throws {
        try directory.fileSystem.overwrite(file(number), contents: Array("bad".utf8))
    }
}

@Suite(.timeLimit(.minutes(120)))
struct RepairTests {
    let temporary: TemporaryJobDirectory
    let directory: JobDirectory
    let id: CampaignID
    let chain: Chain

    init() throws {
        temporary = try TemporaryJobDirectory()
        directory = temporary.directory
        id = try campaign()
        chain = Chain(directory)
        let plan = try JobPlan(campaign: id, buckets: [chain.makers, chain.readers])
        _ = try directory.register(plan, files: [:], scratch: temporary.scratch())
    }

    private func loop(_ chain: Chain? = nil) throws -> CoordinationLoop {
        try CoordinationLoop(directory, content: chain ?? self.chain, logger: quiet)
    }

    private func work(_ chain: Chain? = nil) throws {
        let chain = chain ?? self.chain
        let options = WorkerOptions(
            threads: 1,
            memoryBudget: 1 << 30,
            untilEmpty: false,
            idleTimeout: .zero,
            timeLimit: nil,
            kinds: nil,
            versions: [:]
        )
        let runner = Runner { try chain.run($0) }
        #expect(try Worker(directory, options: options, runners: ["sum": runner], logger: quiet).run() == .idle)
    }

    private func tokens(_ folder: TokenFolder, _ bucket: Int) throws -> [Token] {
        try directory.tokens(in: folder, BucketName(number: bucket), of: id)
    }

    /// Steps and works until the campaign has ended; each step by a coordinator that knows nothing, where asked.
    private func end(_ chain: Chain? = nil, replaced: Bool = false) throws -> CampaignEnd? {
        var loop = try loop(chain)
        for _ in 0..<80 {
            if try loop.step() { return loop.endedCampaigns[id] }
            try work(chain)
            if replaced { loop = try self.loop(chain) }
        }
        return nil
    }

    private func runs(_ jobs: [JobSpecification]) -> [Int] {
        chain.runs.withLock { runs in jobs.map { runs[$0.id] ?? 0 } }
    }

    @Test(arguments: [false, true])
    func `damaged and missing files are made again, and who read them goes on without a count`(
        replaced: Bool
    ) throws {
        var first = try loop()
        _ = try first.step()
        try work()
        try chain.damage(0)
        try directory.fileSystem.remove(chain.file(2))
        #expect(try end(replaced: replaced) == .done)
        #expect(runs(chain.makers.jobs) == [2, 1, 2])
        #expect(try directory.fileSystem.names(in: chain.array.appending("bad")).count == 1)
        let generations = try tokens(.done, 0).sorted { $0.name.job < $1.name.job }.map(\.name.attempt.generation)
        #expect(generations.sorted() == [1, 2, 2])
        #expect(try tokens(.done, 1).allSatisfy { $0.name.attempt.generation == 1 && $0.name.attempt.failures == 0 })
    }

    @Test func `what was there before the campaign and is damaged is made by a job that had no token`() throws {
        for job in chain.makers.jobs { _ = try chain.run(job) }
        try chain.damage(1)
        #expect(try end() == .done)
        #expect(runs(chain.makers.jobs) == [1, 2, 1])
        #expect(try tokens(.done, 0).map(\.name.job) == [chain.makers.jobs[1].id])
    }

    @Test func `a maker that is running already is left alone`() throws {
        var loop = try loop()
        _ = try loop.step()
        try work()
        _ = try loop.step()
        try directory.fileSystem.remove(chain.file(0))
        try work()
        _ = try loop.step()
        let anew = try present(tokens(.pending, 0).first)
        guard let claim = try directory.claim(anew, for: worker(7)) else { throw Unavailable("claim") }
        for _ in 0..<3 { _ = try loop.step() }
        let waiting = try tokens(.returned, 1)
        #expect(waiting.map(\.name.reason) == [.awaitingInput, .awaitingInput])
        #expect(try tokens(.running, 0).map(\.name.attempt.generation) == [2])
        #expect(try tokens(.pending, 0) == [])
        _ = try chain.run(directory.specification(of: claim))
        try directory.store(JobResult(payload: chain.makers.jobs[0].payload, inputs: [:]), versions: [:], of: claim)
        #expect(try directory.finish(claim) == .accepted)
        #expect(try end() == .done)
    }

    @Test func `two coordinators at once make every lost file once more and lose nothing`() throws {
        var first = try loop()
        _ = try first.step()
        try work()
        for number in 0..<3 { try chain.damage(number) }
        let isOver = Monitor(false)
        let working = DedicatedThread(named: "worker") {
            while !isOver.withLock({ $0 }) { try work() }
        }
        let (directory, id, chain) = (directory, id, chain)
        try onThreads(2, named: "coordinator") { _ in
            var loop = try CoordinationLoop(directory, content: chain, logger: quiet)
            #expect(try loop.run(every: .milliseconds(5), until: alarm(after: .seconds(300))) == [id: .done])
        }
        isOver.withLock { $0 = true }
        try working.join()
        #expect(try tokens(.done, 0).count == 3)
        #expect(try tokens(.done, 1).count == 2)
        #expect(try [TokenFolder.pending, .running, .returned].allSatisfy { try tokens($0, 0).isEmpty })
    }

    @Test func `a file that another coordinator had made again during the inspection stays`() throws {
        var loop = try loop()
        _ = try loop.step()
        try work()
        _ = try loop.step()
        for number in 0..<3 { try chain.damage(number) }
        try work()
        #expect(try tokens(.returned, 1).count == 2)
        chain.meanwhile.withLock { event in
            event = {
                // All three files are made again, as if for a reader of the other coordinator's.
                for done in try tokens(.done, 0) {
                    let number = try present(chain.makers.jobs.firstIndex { $0.id == done.name.job })
                    _ = try directory.quarantine(chain.file(number))
                    _ = try directory.reissue(
                        done.name.job,
                        done,
                        in: chain.makers,
                        of: id,
                        scratch: temporary.scratch()
                    )
                }
                try work()
            }
        }
        #expect(try end() == .done)
        #expect(runs(chain.makers.jobs) == [2, 2, 2])
        #expect(try tokens(.done, 0).map(\.name.attempt.generation) == [2, 2, 2])
        #expect(try directory.fileSystem.names(in: chain.array.appending("bad")).count == 3)
    }

    @Test func `a coordinator that stopped right after it moved a file away has a successor who goes on`() throws {
        var loop = try loop()
        _ = try loop.step()
        try work()
        _ = try loop.step()
        try chain.damage(0)
        try work()
        for token in try tokens(.returned, 1) {
            let standing = TokenName.Standing.returned(try present(token.name.worker), .awaitingInput)
            #expect(try directory.move(token, to: token.name.moved(to: standing), tries: 1) == .moved)
        }
        #expect(try directory.quarantine(chain.file(0)) == .moved)
        #expect(try end(replaced: true) == .done)
        #expect(runs(chain.makers.jobs) == [2, 1, 1])
    }

    @Test func `a job that finds fault with sound files fails as often as any other`() throws {
        var grumbling = chain
        grumbling.complains = true
        let reason = try present(Reason("i-shard"))
        let ends = chain.readers.jobs.map { ($0.id, reason) }
        #expect(try end(grumbling) == .failed(Dictionary(uniqueKeysWithValues: ends)))
        #expect(runs(chain.readers.jobs) == [3, 3])
        #expect(runs(chain.makers.jobs) == [1, 1, 1])
    }

    @Test func `a file that is bad every time is not made for ever`() throws {
        var hopeless = chain
        hopeless.good = "bad"
        let ends = chain.readers.jobs.map { ($0.id, Reason.inputLost) }
        #expect(try end(hopeless) == .failed(Dictionary(uniqueKeysWithValues: ends)))
        #expect(runs(chain.makers.jobs) == [Int](repeating: RepairDecision.generationLimit, count: 3))
    }

    @Test func `tokens of a lower generation are put aside and do no harm`() throws {
        var loop = try loop()
        _ = try loop.step()
        try work()
        let done = try present(tokens(.done, 0).first)
        let bytes = try directory.fileSystem.contents(of: directory.path(of: done), limit: 1 << 20)
        let bucket = chain.makers
        #expect(try directory.reissue(done.name.job, done, in: bucket, of: id, scratch: temporary.scratch()) == .moved)
        try directory.fileSystem.create(directory.path(of: done), contents: bytes, durably: false)
        #expect(try end() == .done)
        #expect(try tokens(.failed, 0).map(\.name.reason) == [.superseded])
        #expect(try tokens(.done, 0).count == 3)
    }

    // MARK: Results

    private func damageResults(of bucket: BucketName) throws {
        let folder = directory.root.appending("results").appending("\(id)").appending("\(bucket)")
        for name in try directory.fileSystem.names(in: folder) {
            try directory.fileSystem.overwrite(folder.appending(name), contents: [1, 2, 3])
        }
    }

    @Test func `a result that cannot be read at the merge is computed again`() throws {
        var loop = try loop()
        for _ in 0..<2 {
            _ = try loop.step()
            try work()
        }
        try damageResults(of: chain.readers.name)
        #expect(try end() == .done)
        #expect(try tokens(.done, 1).map(\.name.attempt.generation) == [2, 2])
        #expect(runs(chain.readers.jobs) == [2, 2])
    }

    @Test func `a result that is damaged every time ends the campaign with a message`() throws {
        var loop = try loop()
        for _ in 0..<80 {
            if try loop.step() { break }
            try work()
            try damageResults(of: chain.makers.name)
        }
        guard case .broken(let message) = loop.endedCampaigns[id] else {
            Issue.record("ended as \(String(describing: loop.endedCampaigns[id]))")
            return
        }
        #expect(message.contains("although the job was done \(RepairDecision.generationLimit) times"))
    }
}
