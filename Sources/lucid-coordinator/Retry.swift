// SPDX-License-Identifier: MIT

import ArgumentParser
import Coordination
import JobStorage
import SystemSupport

struct Retry: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Do failed and cancelled jobs again.",
        discussion: """
            Each gets a new generation, in which crashes and failures are counted anew. What is done stays done. \
            Needs a campaign, a job, or --failed for all campaigns.

            EXAMPLES
              lucid-coordinator retry --failed --queue /shared/queue
              lucid-coordinator retry study --queue /shared/queue
              lucid-coordinator retry 3f9a --queue /shared/queue
            """
    )

    @Argument(help: "A campaign (id, or its name) or a job (id or first digits, or CAMPAIGN/JOB).")
    var target: String?

    @Flag(help: "All jobs that failed, of all campaigns or of the one that is named.")
    var failed = false

    @OptionGroup var queue: QueueOption

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        if target == nil, !failed { throw ValidationError("name a campaign or a job, or say --failed") }
    }

    func run() throws {
        try withExitCodes {
            let directory = try queue.open()
            let inquiry = try queue.inquiry()
            let scope = try target.map { try inquiry.scope(called: $0) } ?? .queue
            let count = try QueueControl(directory).retry(inquiry, scope)
            if json { Terminal.print(try jsonText(["jobs": count])) }
            Terminal.note(
                count == 0
                    ? "no job had failed"
                    : "\(counted(count, "job", "is", "are")) done again; a coordinator must be running: "
                        + "lucid-coordinator run --queue \(directory.root)"
            )
        }
    }
}
