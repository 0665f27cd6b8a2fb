// SPDX-License-Identifier: MIT

public import ArgumentParser
public import Coordination
import JobStorage

struct Jobs: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List jobs and where they stand.",
        discussion: """
            A line a job: its id, state, kind and campaign, and what else is known. Ids may be shortened in other \
            commands, as long as only one job begins so.

            EXAMPLES
              lucid-coordinator jobs --queue /shared/queue --state failed
              lucid-coordinator jobs study --queue /shared/queue --json
            """
    )

    @Argument(help: "A campaign's id, or its name where only one has it; all campaigns by default.")
    var campaign: String?

    @OptionGroup var queue: QueueOption

    @Option(help: "Only those that are waiting, pending, running, done or failed.")
    var state: JobEntry.State?

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        try withExitCodes {
            let directory = try queue.open()
            let inquiry = try queue.inquiry(of: campaign.map { try directory.campaign(called: $0) })
            let jobs = inquiry.jobs(in: state)
            if json {
                Terminal.print(try jsonText(jobs))
            } else {
                for job in jobs { Terminal.print(job.line) }
                if jobs.isEmpty { Terminal.note("no such jobs") }
            }
        }
    }
}

extension JobEntry.State: ExpressibleByArgument {}
