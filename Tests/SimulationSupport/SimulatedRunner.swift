// SPDX-License-Identifier: MIT

internal import JobStorage
internal import SystemPackage
internal import SystemSupport
internal import WorkerRuntime

/// Runs the jobs of a kind in a simulation, now and then slowly, and now and then not at all.
struct SimulatedRunner: JobRunner {
    let world: World
    let process: Int
    let kind: SimulatedJob.Kind

    func run(_ specification: JobSpecification, context: JobContext) throws -> JobResult {
        let attempt = try world.start(specification, scratch: context.scratch(), process: process)
        defer { world.end(attempt, process: process) }
        do {
            return try work(specification, attempt, context)
        } catch {
            if !(error is HandedBack) { world.noteFailure(of: attempt.job) }
            throw error
        }
    }

    private func work(
        _ specification: JobSpecification,
        _ attempt: Inspector.Try,
        _ context: JobContext
    ) throws -> JobResult {
        guard let job = SimulatedJob(specification) else {
            throw JobFailure.failed(code: "payload", message: "not a simulated job")
        }
        let temper = world.temper(of: attempt)
        var left = temper.effort
        while left > 0 {
            try context.checkCancellation()
            guard world.sleep(.milliseconds(500)) else { throw HandedBack() }
            left -= 1
            context.report(Progress(fraction: 1 / Double(left + 2), text: ""))
        }
        if temper.fails { throw JobFailure.failed(code: "chance", message: "it was to fail") }
        switch kind {
        case .sum: break
        case .make: try make(SimulatedShard(array: job.array ?? "", number: job.number), context)
        case .read:
            for number in job.reads ?? [] { try read(SimulatedShard(array: job.array ?? "", number: number), context) }
        }
        return JobResult(payload: SimulatedCampaigns.payload(of: kind, job), inputs: [:])
    }

    private func make(_ shard: SimulatedShard, _ context: JobContext) throws {
        let path = shard.path(in: context.directory)
        // Whether or not it is there, so that makers race.
        let draft = try context.scratch().below("shard")
        try context.directory.fileSystem.create(draft, contents: shard.content, durably: true)
        _ = try context.directory.linkShard(from: draft, to: path)
    }

    private func read(_ shard: SimulatedShard, _ context: JobContext) throws {
        let path = shard.path(in: context.directory)
        let content = try? context.directory.fileSystem.contents(of: path, limit: 1 << 10)
        guard content == shard.content else {
            throw JobFailure.inputUnreadable(code: "shard", message: "\(path) cannot be read")
        }
    }
}
