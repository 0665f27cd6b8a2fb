// SPDX-License-Identifier: MIT

import ArgumentParser
import Coordination
import JobStorage

struct Logs: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what workers and coordinators wrote of a job.",
        discussion: """
            EXAMPLES
              lucid-coordinator logs 3f9a --queue /shared/queue
              lucid-coordinator logs 3f9a --attempt 2 --queue /shared/queue --json
            """
    )

    @Argument(help: ArgumentHelp("The job: its id or the first digits, or CAMPAIGN/JOB.", valueName: "job"))
    var job: String

    @Option(help: ArgumentHelp("Only this attempt.", valueName: "k"))
    var attempt: Int?

    @OptionGroup var queue: QueueOption

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        try withExitCodes {
            let directory = try queue.open()
            let place = try queue.inquiry().locate(job)
            let records = LogReader(directory).records(of: [place.job], in: place.campaign).filter {
                attempt == nil || $0.attempt.number == attempt
            }
            guard !json else { return Terminal.print(try jsonText(records)) }
            for record in records {
                let generation = record.attempt.generation > 1 ? " g\(record.attempt.generation)" : ""
                let host = record.worker?.host ?? "-"
                Terminal.print(
                    "\(timeText(record.time)) attempt \(record.attempt.number)\(generation) \(host) "
                        + "\(record.outcome) \(record.message)"
                )
            }
            if records.isEmpty { Terminal.note("nothing was written of it") }
        }
    }
}
