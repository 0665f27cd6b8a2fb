// SPDX-License-Identifier: MIT

import ArgumentParser
import Coordination
import JobStorage
import Reports

struct Report: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Merge a campaign's results and show them.",
        discussion: """
            Prints a table of mean CKA, a line a layer and a column a pair of models, and where the files are. \
            `run` writes the same files as soon as the campaign is done.

            EXAMPLES
              lucid-coordinator report study --queue /shared/queue
              lucid-coordinator report study --queue /shared/queue --output results
            """
    )

    @Argument(help: "The campaign's id, or its name where only one has it.")
    var campaign: String

    @OptionGroup var queue: QueueOption

    @Option(help: ArgumentHelp("Write the files here instead.", valueName: "dir"))
    var output: String?

    func run() throws {
        Terminal.startLogging()
        try withExitCodes {
            let directory = try queue.open()
            let id = try directory.campaign(called: campaign)
            let (report, folder) = try NetworkCampaigns(directory).report(of: id, to: output.map { absolutePath($0) })
            if let report { Terminal.print(report.table) }
            Terminal.note("the files are in \(folder)")
        }
    }
}
