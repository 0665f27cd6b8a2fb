// SPDX-License-Identifier: MIT

import ArgumentParser
import Coordination
import JobStorage
import SystemSupport

struct Wait: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Wait until campaigns have ended.",
        discussion: """
            It only looks: a coordinator and workers must be running somewhere.

            EXAMPLES
              lucid-coordinator wait --queue /shared/queue
              lucid-coordinator wait study --queue /shared/queue && lucid-coordinator report study --queue /shared/queue

            Exit codes: 0 all are done; 1 some jobs failed or were cancelled; 2 the system failed. A picture whose \
            numbers ran out of range fails no job; the report's SUCCESS.json counts such pictures.
            """
    )

    @Argument(help: "A campaign's id, or its name where only one has it; all campaigns by default.")
    var campaign: String?

    @OptionGroup var queue: QueueOption

    @Flag(help: "Print where the campaigns stand at the end as JSON.")
    var json = false

    func run() throws {
        let isStopping = Monitor(false)
        let signals = SignalListener { isStopping.withLock { $0 = true } }
        try withExitCodes { try wait(until: isStopping) }
        withExtendedLifetime(signals) {}
    }

    private func wait(until isStopping: Monitor<Bool>) throws {
        let directory = try queue.open()
        let wanted = try campaign.map { try directory.campaign(called: $0) }
        let identity = try HostIdentity.current()
        var observer = QueueObserver(directory, seenFrom: identity, countsAllEnds: json)
        let progress = ProgressLine()
        var estimates = QueueEstimates()
        var attendance = AttendanceWatch(directory, seenFrom: identity, queue: queue.queue)
        var hidden: Set<CampaignID>?
        var lastSight = BootClock().now
        repeat {
            let now = BootClock().now
            let overview: QueueOverview
            do throws(FileError) { overview = try observer.observe() } catch {
                // A file server that is away for a moment ends no wait of days.
                let isBrief = lastSight.duration(to: now) < directory.settings.lease
                guard isBrief, !error.isEnvironmental || error.isClosure else { throw error }
                continue
            }
            lastSight = now
            let concerned = overview.status.campaigns.filter { wanted == nil || $0.id == wanted }
            if concerned.allSatisfy(\.state.isFinal) {
                if json { Terminal.print(try jsonText(concerned)) }
                let others = Set(overview.status.campaigns.map(\.id)).subtracting(concerned.map(\.id))
                for line in overview.lines(hiding: others, listsEnds: false, now: now) { Terminal.note(line) }
                if concerned.contains(where: { $0.state != .done }) { throw ExitCode(1) }
                return
            }
            estimates.update(overview, now: now)
            // What had ended before is no news.
            let others = wanted.map { wanted in Set(overview.status.campaigns.map(\.id)).subtracting([wanted]) }
            hidden = hidden ?? others ?? overview.ended
            let absences = attendance.complaints(overview, now: now)
            progress.show(overview.lines(estimates, hiding: hidden ?? [], now: now) + absences, now: now)
        } while isStopping.wait(atMost: .seconds(2), for: { $0 ? true : nil }) == nil
        Terminal.note("stopped waiting; the campaigns go on")
        throw ExitCode(2)
    }
}
