// SPDX-License-Identifier: MIT

import ArgumentParser
import ComputeEngine
import Coordination
import JobStorage
import Logging
import SystemPackage
import SystemSupport

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Coordinate until every campaign has ended.",
        discussion: """
            Publishes jobs as their inputs become ready, takes back the jobs of workers that died, and writes the \
            reports. It can be stopped and started again at any time, and several may run at once.

            EXAMPLES
              lucid-coordinator run --queue /shared/queue
              lucid-coordinator run --queue /shared/queue --local-workers 2

            Exit codes: 0 all campaigns are done; 1 some jobs failed; 2 the system failed. A picture whose numbers ran \
            out of range fails no job: such pictures are said here and counted in the report's SUCCESS.json.
            """
    )

    @OptionGroup var queue: QueueOption

    @Option(help: ArgumentHelp("Start so many workers on this machine too.", valueName: "n"))
    var localWorkers = 0

    func validate() throws {
        guard (0...1024).contains(localWorkers) else { throw ValidationError("--local-workers is 0 to 1024") }
    }

    func run() throws {
        // Before local workers, which get the processors of this thread.
        CPUEngine.unbindThread()
        let isStopping = Monitor(false)
        let signals = SignalListener { isStopping.withLock { $0 = true } }
        Terminal.startLogging()
        try withExitCodes { try coordinate(isStopping) }
        withExtendedLifetime(signals) {}
    }

    private func coordinate(_ isStopping: Monitor<Bool>) throws {
        let directory = try queue.open()
        let logger = Logger(label: "lucid-coordinator")
        guard try !directory.campaigns().isEmpty else {
            Terminal.note(
                "there is no campaign yet; submit one with: lucid-coordinator submit CAMPAIGN.yaml --queue \(directory.root)"
            )
            return
        }
        let program = executablePath().removingLastComponent().appending("lucid-worker")
        let workers = try LocalWorkers(localWorkers, queue: directory.root, program: program, logger: logger)
        defer { workers.stop(within: .seconds(20)) }
        // After the workers, since it has a scratch folder, which goes when it has run.
        var loop = try CoordinationLoop(directory, content: NetworkCampaigns(directory), logger: logger)
        var display = RunDisplay(directory, try HostIdentity.current(), localWorkers: localWorkers)
        let ends = try loop.run(every: rhythm, until: isStopping) { () throws(FileError) in
            let overview = try display.refresh()
            let isDeserted = localWorkers > 0 && workers.tend(isWorkLeft: overview.hasOpenJobs) == 0
            guard isDeserted, overview.hasOpenJobs else { return true }
            Terminal.complain("no local worker is left; see their messages above")
            return false
        }
        display.settle()
        try finish(ends, directory, before: display.endedBefore)
    }

    /// Short while workers of this machine wait for it, since the next jobs are published in this rhythm.
    private var rhythm: Duration { localWorkers > 0 ? .milliseconds(200) : .seconds(2) }

    /// Says how the campaigns ended; those that had ended before only where there was nothing else to do.
    private func finish(
        _ ends: [CampaignID: CampaignEnd],
        _ directory: JobDirectory,
        before: Set<CampaignID>
    ) throws {
        let isOver = try directory.campaigns().allSatisfy { ends[$0] != nil }
        let isAnyNew = ends.keys.contains { !before.contains($0) }
        let told =
            isAnyNew || before.count > QueueObserver.countedEnds ? ends.filter { !before.contains($0.key) } : ends
        for (campaign, end) in told.sorted(by: { $0.key < $1.key }) { tell(end, of: campaign, directory) }
        if told.count < ends.count {
            Terminal.note(
                "\(counted(ends.count - told.count, "campaign")) had ended before; see: lucid-coordinator status"
            )
        }
        if !isOver { Terminal.note("stopped; start it again to go on") }
        let worst = ends.values.map(\.exitCode).max() ?? 0
        if !isOver || worst != 0 { throw ExitCode(isOver ? worst : 2) }
    }

    private func tell(_ end: CampaignEnd, of campaign: CampaignID, _ directory: JobDirectory) {
        let queue = "--queue \(directory.root)"
        switch end {
        case .done:
            Terminal.note("\(campaign) is done; its report:")
            Terminal.print(directory.reports(of: campaign).string)
            if let note = try? MergedReport(of: campaign, in: directory).failureNote { Terminal.note("  \(note)") }
        case .failed(let reasons):
            Terminal.complain("\(campaign) failed: \(FailureSummary.count(of: reasons))")
            for line in FailureSummary(of: reasons, in: directory).lines { Terminal.note("  \(line)") }
            Terminal.note("  when the cause is mended: lucid-coordinator retry \(campaign) \(queue)")
        case .cancelled(let reason):
            Terminal.complain("\(campaign) was cancelled" + (reason.isEmpty ? "" : ": \(reason)"))
            Terminal.note("  to take it up again: lucid-coordinator retry \(campaign) \(queue)")
        case .broken(let message):
            Terminal.complain("\(campaign) cannot be merged: \(message)")
        }
    }
}

extension CampaignEnd {
    /// What the program ends with where nothing worse happened.
    fileprivate var exitCode: Int32 {
        switch self {
        case .done: 0
        case .failed, .cancelled: 1
        case .broken: 2
        }
    }
}
