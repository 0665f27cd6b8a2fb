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

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let isStopping = Monitor(false)
        let signals = SignalListener { isStopping.withLock { $0 = true } }
        try withExitCodes {
            let directory = try queue.open()
            var observer = try QueueObserver(directory, seenFrom: HostIdentity.current())
            let progress = ProgressLine()
            var estimate: ProgressEstimate?
            repeat {
                let now = BootClock().now
                let overview = try observer.look()
                if estimate == nil { estimate = overview.estimate(now: now) }
                if json {
                    Terminal.print(try overview.json())
                } else if watch {
                    progress.show(overview.lines(estimate: estimate, now: now) + overview.workerLines, now: now)
                } else {
                    for line in overview.lines(estimate: nil, now: now) + overview.workerLines { Terminal.print(line) }
                }
                let isRunning = overview.status.campaigns.contains { !$0.state.isFinal }
                guard watch, isRunning else { return }
            } while isStopping.wait(atMost: .seconds(2), for: { $0 ? true : nil }) == nil
        }
        withExtendedLifetime(signals) {}
    }
}
