// SPDX-License-Identifier: MIT

import ArgumentParser
import Coordination
import JobStorage
import SystemSupport

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show where campaigns and workers stand.",
        discussion: """
            EXAMPLES
              lucid-coordinator status --queue /shared/queue
              lucid-coordinator status --queue /shared/queue --watch
              lucid-coordinator status --queue /shared/queue --json
            """
    )

    @OptionGroup var queue: QueueOption

    @Flag(help: "Show it again and again, until every campaign has ended.")
    var watch = false

    @Flag(help: "List all campaigns that are done, however many they are.")
    var all = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let isStopping = Monitor(false)
        let signals = SignalListener { isStopping.withLock { $0 = true } }
        try withExitCodes {
            let directory = try queue.open()
            let identity = try HostIdentity.current()
            var observer = QueueObserver(directory, seenFrom: identity, countsAllEnds: all || json)
            let progress = ProgressLine()
            var estimates = QueueEstimates()
            var attendance = AttendanceWatch(directory, seenFrom: identity, queue: queue.queue)
            repeat {
                let now = BootClock().now
                let overview = try observer.observe()
                estimates.update(overview, now: now)
                if json {
                    Terminal.print(try overview.json())
                } else {
                    let lines =
                        overview.lines(estimates, listsEnds: all, now: now) + overview.workerLines
                        + attendance.complaints(overview, now: now)
                    if watch { progress.show(lines, now: now) } else { for line in lines { Terminal.print(line) } }
                }
                let isRunning = overview.status.campaigns.contains { !$0.state.isFinal }
                guard watch, isRunning else { return }
            } while isStopping.wait(atMost: .seconds(2), for: { $0 ? true : nil }) == nil
        }
        withExtendedLifetime(signals) {}
    }
}
