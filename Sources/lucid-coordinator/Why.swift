// SPDX-License-Identifier: MIT

import ArgumentParser
import Coordination
import JobStorage

struct Why: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Explain why a job stands where it stands.",
        discussion: """
            Says what it waits for, what came of each attempt, and what to do.

            EXAMPLES
              lucid-coordinator why 3f9a --queue /shared/queue
              lucid-coordinator why study/3f9a2c41 --queue /shared/queue --json
            """
    )

    @Argument(help: ArgumentHelp("The job: its id or the first digits, or CAMPAIGN/JOB.", valueName: "job"))
    var job: String

    @OptionGroup var queue: QueueOption

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        try withExitCodes {
            let inquiry = try queue.inquiry()
            let place = try inquiry.place(called: job)
            guard let explanation = inquiry.explanation(of: place, workers: try queue.workers()) else { return }
            guard !json else { return Terminal.print(try jsonText(explanation)) }
            Terminal.print(explanation.entry.line)
            for line in explanation.explanation { Terminal.print("  \(line)") }
            for attempt in explanation.attempts {
                let generation = attempt.generation > 1 ? " of generation \(attempt.generation)" : ""
                let host = attempt.worker.map { " on \($0.host)" } ?? ""
                let message = attempt.message.isEmpty ? "" : ": \(attempt.message)"
                Terminal.print("  attempt \(attempt.attempt)\(generation)\(host): \(attempt.outcome)\(message)")
            }
            for job in explanation.waitsFor.prefix(10) { Terminal.print("  waits for \(job)") }
            if explanation.waitsFor.count > 10 { Terminal.print("  and for \(explanation.waitsFor.count - 10) more") }
        }
    }
}
