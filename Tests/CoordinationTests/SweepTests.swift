// SPDX-License-Identifier: MIT

import Coordination
import JobStorage
import JobStorageTestSupport
import SystemSupport
import Testing

@Suite(.timeLimit(.minutes(120)))
struct SweepTests {
    let temporary: TemporaryJobDirectory
    let directory: JobDirectory
    let id: CampaignID
    let time = Monitor(BootClock().now)
    var loop: CoordinationLoop

    init() throws {
        temporary = try TemporaryJobDirectory()
        directory = temporary.directory
        id = try campaign()
        let plan = try JobPlan(campaign: id, buckets: [bucket(0, jobs: 1)])
        _ = try directory.register(plan, files: [:], scratch: temporary.scratch())
        let time = time
        loop = try CoordinationLoop(directory, content: Joining(directory: directory), logger: quiet) {
            time.withLock { $0 }
        }
        _ = try loop.step()
    }

    private func tokens(_ folder: TokenFolder) throws -> [Token] {
        try directory.tokens(in: folder, BucketName(number: 0), of: id)
    }

    /// Claims the job for a worker that then says nothing by itself.
    private func claim(for identity: HostIdentity) throws -> Token {
        let worker = WorkerName(identity, random: 1)
        try? directory.register(WorkerRegistration(worker: worker, identity: identity, versions: [:]))
        guard let claim = try directory.claim(present(tokens(.pending).first), for: worker) else {
            throw Unavailable("claim")
        }
        return claim.token
    }

    private func beat(_ token: Token, _ sequence: UInt64, lists: Bool) throws {
        let held = lists ? [Heartbeat.Held(token, progress: Progress(fraction: 0, text: ""))] : []
        let worker = try present(token.name.worker)
        try directory.beat(Heartbeat(worker: worker, sequence: sequence, state: .working, held: held))
    }

    private mutating func step(after seconds: Int) throws {
        time.withLock { $0 = $0.advanced(by: .seconds(seconds)) }
        _ = try loop.step()
    }

    @Test mutating func `a process that was killed on this machine loses its job at the next look`() throws {
        let process = try SleepingProcess()
        let token = try claim(for: process.identity)
        try beat(token, 1, lists: true)
        try step(after: 2)
        try step(after: 2)
        #expect(try tokens(.running) == [token])
        process.kill()
        try step(after: 2)
        #expect(try tokens(.pending).map(\.name.attempt) == [token.name.attempt.next(crashes: 1, failures: 0)])
    }

    @Test mutating func `a worker elsewhere is given the whole lease, counted on the observer's clock`() throws {
        let token = try claim(for: elsewhere())
        try beat(token, 1, lists: true)
        try step(after: 10)
        for _ in 0..<11 { try step(after: 10) }
        #expect(try tokens(.running) == [token])
        try step(after: 10)
        #expect(try tokens(.running) == [])
        #expect(try tokens(.pending).map(\.name.attempt) == [token.name.attempt.next(crashes: 1, failures: 0)])
    }

    @Test
    mutating func `where half the fleet falls silent at once the observer looks again before it takes their jobs`()
        throws
    {
        let other = try campaign(2)
        let jobs = bucket(7, jobs: 4)
        let plan = try JobPlan(campaign: other, buckets: [jobs])
        _ = try directory.register(plan, files: [:], scratch: temporary.scratch())
        _ = try loop.step()
        for (number, token) in try directory.tokens(in: .pending, jobs.name, of: other).enumerated() {
            let worker = WorkerName(try elsewhere(), random: UInt64(number))
            let isClaimed = try directory.claim(token, for: worker) != nil
            #expect(isClaimed)
        }
        func running() throws -> Int { try directory.tokens(in: .running, jobs.name, of: other).count }
        for _ in 0...12 { try step(after: 10) }
        #expect(try running() == 4)
        try step(after: 10)
        #expect(try running() == 0)
    }

    @Test mutating func `a worker whose heartbeat moves keeps its job`() throws {
        let token = try claim(for: elsewhere())
        for beat in 1...30 {
            try self.beat(token, UInt64(beat), lists: true)
            try step(after: 10)
        }
        #expect(try tokens(.running) == [token])
    }

    @Test mutating func `an attempt that its living worker never lists goes back`() throws {
        let token = try claim(for: elsewhere())
        var steps = 0
        while try tokens(.running) == [token], steps < 100 {
            try beat(token, UInt64(steps), lists: false)
            try step(after: 10)
            steps += 1
        }
        #expect((7...8).contains(steps))
        #expect(try tokens(.pending).count == 1)
    }

    @Test mutating func `a result that a lost worker had made durable counts`() throws {
        let process = try SleepingProcess()
        let worker = WorkerName(process.identity, random: 1)
        try directory.register(WorkerRegistration(worker: worker, identity: process.identity, versions: [:]))
        guard let claim = try directory.claim(present(tokens(.pending).first), for: worker) else {
            throw Unavailable("claim")
        }
        try directory.store(JobResult(payload: [1], inputs: [:]), versions: [:], of: claim)
        process.kill()
        try step(after: 2)
        #expect(try tokens(.done).count == 1)
        #expect(try directory.finish(claim) == .accepted)
    }

    @Test func `a lost worker's result is durable before its job is done`() throws {
        let process = try SleepingProcess()
        let worker = WorkerName(process.identity, random: 1)
        try directory.register(WorkerRegistration(worker: worker, identity: process.identity, versions: [:]))
        guard let claim = try directory.claim(present(tokens(.pending).first), for: worker) else {
            throw Unavailable("claim")
        }
        try directory.store(JobResult(payload: [1], inputs: [:]), versions: [:], of: claim)
        process.kill()
        let steps = Monitor<[String]>([])
        let disk = FaultyFileSystem(onSync: { folder in steps.withLock { $0.append("sync \(folder)") } }) { _, target in
            steps.withLock { $0.append("move to \(target)") }
            return nil
        }
        let directory = try temporary.through(disk)
        var loop = try CoordinationLoop(directory, content: Joining(directory: directory), logger: quiet)
        _ = try loop.step()
        let taken = steps.withLock { $0 }
        let sync = taken.firstIndex { $0.hasPrefix("sync") && $0.contains("/results/") }
        let move = taken.firstIndex { $0.hasPrefix("move") && $0.contains("/done/") }
        #expect(try present(sync) < present(move))
    }

    @Test mutating func `the fifth crash is the last`() throws {
        for crash in 1...5 {
            let process = try SleepingProcess()
            let token = try claim(for: process.identity)
            #expect(token.name.attempt.number == crash)
            process.kill()
            try step(after: 2)
        }
        #expect(try tokens(.failed).map(\.name.reason) == [.poison])
        try step(after: 2)
        #expect(loop.endedCampaigns[id] == .failed([bucket(0, jobs: 1).jobs[0].id: .poison]))
    }

    @Test func `status has the keys that were promised`() throws {
        let process = try SleepingProcess()
        let token = try claim(for: process.identity)
        let held = Heartbeat.Held(token, progress: Progress(fraction: 0.25, text: "layer 1"))
        let worker = try present(token.name.worker)
        try directory.beat(Heartbeat(worker: worker, sequence: 1, state: .working, held: [held]))
        let alive = try QueueOverview(of: directory, seenFrom: HostIdentity.current())
        #expect(alive.progress == [id: 0.25])
        let text = try sortedJSON(alive.status)
        #expect(
            text == """
                {"campaigns":[{"id":"\(id)","jobs":{"sum":{"done":0,"failed":0,"pending":0,"running":1,"waiting":0}},\
                "state":"running"}],"workers":[{"host":"\(worker.host)","id":"\(worker)","jobs":["\(token.name.job)"],\
                "state":"working"}]}
                """
        )
        process.kill()
        let dead = try QueueOverview(of: directory, seenFrom: HostIdentity.current())
        #expect(dead.status.workers.map(\.state) == ["dead"])
    }
}
