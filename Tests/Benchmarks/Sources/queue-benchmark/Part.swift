// SPDX-License-Identifier: MIT

import Coordination
import JobStorage
import Logging
import SystemPackage
import SystemSupport
import WorkerRuntime

struct BenchmarkError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Content of campaigns of which nothing is complete and nothing merged.
private struct NoContent: CampaignContent {
    func isAlreadyComplete(_ job: JobSpecification, of campaign: CampaignID) -> Bool { false }

    func merge(_ plan: JobPlan, results: CampaignResults) throws {
        throw BenchmarkError("the benchmark leaves a job, so that there is nothing to merge")
    }
}

/// Does nothing, and says when it began.
private struct Idler: JobRunner {
    let onStart: @Sendable (JobSpecification) -> Void

    func run(_ job: JobSpecification, context: JobContext) throws -> JobResult {
        onStart(job)
        return JobResult(payload: job.payload, inputs: [:])
    }
}

/// The parts of a queue's life.
struct Part {
    private static let kind = "nothing"
    private static let quiet = Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() }

    private let directory: JobDirectory
    private let fileSystem: MeteredFileSystem
    private let campaign: CampaignID

    init(directory: JobDirectory, _ fileSystem: MeteredFileSystem) throws {
        self.directory = directory
        self.fileSystem = fileSystem
        guard let campaign = CampaignID(name: "benchmark", digest: ContentDigest(of: "benchmark")) else {
            throw BenchmarkError("a campaign cannot be named")
        }
        self.campaign = campaign
    }

    private func measure(_ jobs: Int, _ body: () throws -> Void) rethrows -> Measurement {
        fileSystem.counts.withLock { $0 = CallCounts() }
        var measurement = Measurement()
        (measurement.seconds, measurement.processor) = try timed(body)
        measurement.jobs = jobs
        measurement.calls = fileSystem.counts.withLock { $0 }
        return measurement
    }

    // MARK: Publishing

    /// Registers a campaign of small jobs and publishes it.
    func publish(_ count: Int) throws -> Measurement {
        let size = directory.settings.bucketSize
        let buckets = stride(from: 0, to: count, by: size).map { start in
            JobPlan.Bucket(
                name: BucketName(number: start / size),
                kind: Self.kind,
                priority: 5,
                dependsOn: [],
                jobs: (start..<min(start + size, count)).map {
                    JobSpecification(kind: Self.kind, payload: Array("{\"number\":\($0)}".utf8), priority: 5)
                }
            )
        }
        let plan = try JobPlan(campaign: campaign, buckets: buckets)
        let scratch = directory.root.appending("scratch").appending("benchmark")
        try fileSystem.makeDirectories(scratch)
        let registering = try timed { _ = try directory.register(plan, files: [:], scratch: scratch) }
        var measurement = try measure(count) {
            for bucket in buckets {
                _ = try directory.publish(bucket, of: campaign, omitting: [], scratch: scratch)
            }
        }
        measurement.plan = registering.seconds
        return measurement
    }

    // MARK: Working

    /// Claims tokens, checks what they are to do, and moves them on: what a queue without results does.
    func moveTokens(_ count: Int) throws -> Measurement {
        let worker = WorkerName(try HostIdentity.current(), random: 1)
        var (left, hasDoubts) = (count, false)
        let measurement = try measure(count) {
            for bucket in try directory.publishedBuckets(of: campaign) where left > 0 {
                for token in try directory.tokens(in: .pending, bucket, of: campaign).prefix(left) {
                    guard let claim = try directory.claim(token, for: worker, hasDoubts: &hasDoubts) else { continue }
                    _ = try directory.specification(of: claim)
                    _ = try directory.finish(claim)
                    left -= 1
                }
            }
        }
        guard left == 0 else { throw BenchmarkError("\(left) jobs were not there") }
        return measurement
    }

    /// Lets real workers do some jobs, or all; their runner does nothing.
    func work(_ limit: Int?, workers count: Int) throws -> Measurement {
        struct Times {
            var jobs: [JobID] = []
            var first: ContinuousClock.Instant?
            var last: ContinuousClock.Instant?
        }
        let times = Monitor(Times())
        let everybody = Monitor<[Worker]>([])
        let runner = Idler { job in
            let isOver = times.withLock { times in
                times.last = .now
                times.first = times.first ?? times.last
                times.jobs.append(job.id)
                return limit.map { times.jobs.count >= $0 } ?? false
            }
            if isOver { for worker in everybody.withLock({ $0 }) { worker.drain() } }
        }
        for _ in 0..<count {
            let worker = try makeWorker(runner, idleTimeout: .seconds(2))
            everybody.withLock { $0.append(worker) }
        }
        let start = ContinuousClock.now
        var measurement = try measure(0) {
            try onThreads(count, named: "worker") { number in
                let exit = everybody.withLock { $0[number] }.run()
                guard exit == .idle || exit == .drained else { throw BenchmarkError("a worker left: \(exit)") }
            }
        }
        let seen = times.withLock { $0 }
        guard Set(seen.jobs).count == seen.jobs.count else { throw BenchmarkError("a job was run twice") }
        measurement.jobs = seen.jobs.count
        measurement.workers = count
        measurement.first = seen.first.map { seconds($0 - start) }
        if let last = seen.last { measurement.seconds = seconds(last - start) }
        return measurement
    }

    private func makeWorker(_ runner: some JobRunner, idleTimeout: Duration?) throws -> Worker {
        let options = WorkerOptions(
            threads: 1,
            memoryBudget: 1 << 30,
            untilEmpty: false,
            idleTimeout: idleTimeout,
            timeLimit: nil,
            kinds: nil,
            versions: ["engine": "benchmark"]
        )
        return try Worker(directory, options: options, runners: [Self.kind: runner], logger: Self.quiet)
    }

    /// Lets workers wait for work that does not come, once they and a coordinator have looked for the first time.
    func idle(workers count: Int, seconds: Int) throws -> Measurement {
        let runner = Idler { _ in }
        var everybody: [Worker] = []
        for _ in 0..<count { everybody.append(try makeWorker(runner, idleTimeout: nil)) }
        let threads = everybody.map { worker in DedicatedThread(named: "worker") { _ = worker.run() } }
        let never = Monitor(())
        _ = never.wait(atMost: .seconds(2)) { _ in nil as Void? }
        // Tells the workers how many they are.
        _ = try restart()
        _ = never.wait(atMost: .seconds(15)) { _ in nil as Void? }
        var measurement = measure(0) { _ = never.wait(atMost: .seconds(seconds)) { _ in nil as Void? } }
        for worker in everybody { worker.drain() }
        for thread in threads { try thread.join() }
        measurement.workers = count
        return measurement
    }

    // MARK: Looking

    /// Does a new coordinator's first step, after which it knows where every job stands.
    func restart() throws -> Measurement {
        var measurement = try measure(0) {
            var loop = try CoordinationLoop(directory, content: NoContent(), logger: Self.quiet)
            _ = try loop.step()
            try fileSystem.removeTree(directory.scratch(of: loop.name))
        }
        measurement.jobs = try jobs().all
        return measurement
    }

    /// Looks at the queue as `status` does.
    func status() throws -> Measurement {
        var (done, all) = (0, 0)
        var measurement = try measure(0) { (done, all) = try jobs() }
        measurement.jobs = all
        measurement.done = done
        return measurement
    }

    private func jobs() throws -> (done: Int, all: Int) {
        let overview = try QueueOverview(of: directory, seenFrom: HostIdentity.current())
        var (done, all) = (0, 0)
        for campaign in overview.status.campaigns {
            for jobs in campaign.jobs.values {
                done += jobs.done
                all += jobs.waiting + jobs.pending + jobs.running + jobs.done + jobs.failed
            }
        }
        return (done, all)
    }
}
