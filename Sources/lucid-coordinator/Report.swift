// SPDX-License-Identifier: MIT

import ArgumentParser
import Coordination
import JobStorage
import Reports
import SystemSupport

struct Report: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Merge a campaign's results and show them.",
        discussion: """
            Prints a table of mean CKA, a line a layer and a column a pair of models, why values are undefined, and where \
            the files are. \
            `run` writes the same files as soon as the campaign is done. A report that was written before is compared \
            with the digests in its SUCCESS.json.

            EXAMPLES
              lucid-coordinator report study --queue /shared/queue
              lucid-coordinator report study --queue /shared/queue --output results


            Exit codes: 0 done; 1 jobs or their results are missing, or files of the report are damaged; 2 the system \
            failed.
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
            let progress = ProgressLine()
            let start = BootClock().now
            let report = try NetworkCampaigns(directory).report(of: id, to: output.map { absolutePath($0) }) {
                guard start.duration(to: BootClock().now) > .seconds(1) else { return }
                progress.show(["checking the report: \($0) of \(counted($1, "file"))"])
            }
            if let comparison = report.comparison {
                Terminal.print(comparison.table)
                for line in comparison.undefined { Terminal.note(line) }
            }
            if let note = report.failureNote { Terminal.note(note) }
            Terminal.note("the files are in \(report.folder)")
            if let damage = report.damage { throw damage }
        }
    }
}
