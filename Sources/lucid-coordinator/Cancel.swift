// SPDX-License-Identifier: MIT

import ArgumentParser
import Coordination
import JobStorage
import SystemSupport

struct Cancel: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Give up a campaign or a job.",
        discussion: """
            Nothing more of it is begun, and workers hand back what they run of it, some seconds later. What is done \
            is kept; `retry` takes it up again.

            EXAMPLES
              lucid-coordinator cancel study --queue /shared/queue --reason "wrong weights"
              lucid-coordinator cancel 3f9a --queue /shared/queue
            """
    )

    @Argument(help: "A campaign (id, or its name) or a job (id or first digits, or CAMPAIGN/JOB).")
    var target: String

    @Option(help: ArgumentHelp("Why, for those who ask later.", valueName: "text"))
    var reason: String = ""

    @OptionGroup var queue: QueueOption

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        if reason.count > 500 { throw ValidationError("--reason has at most 500 characters") }
    }

    func run() throws {
        try withExitCodes {
            let directory = try queue.open()
            let inquiry = try queue.inquiry()
            let count = try QueueControl(directory).cancel(inquiry, inquiry.scope(called: target), reason: reason)
            if json { Terminal.print(try jsonText(["jobs": count])) }
            Terminal.note(
                count == 0 ? "nothing of it was left to do" : "\(counted(count, "job", "is", "are")) given up"
            )
        }
    }
}
