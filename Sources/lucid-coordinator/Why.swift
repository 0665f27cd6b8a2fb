// SPDX-License-Identifier: MIT

import ArgumentParser
import Coordination
import JobStorage
import SystemSupport

struct Why: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Explain why a job or a campaign stands where it stands.",
        discussion: """
            Says what it waits for, what came of each attempt or which jobs failed first, and what to do.

            EXAMPLES
              lucid-coordinator why study --queue /shared/queue
              lucid-coordinator why 3f9a --queue /shared/queue
              lucid-coordinator why study/3f9a2c41 --queue /shared/queue --json
            """
    )

    @Argument(
        help: ArgumentHelp(
            "A campaign's id or name; or a job: its id or the first digits, or CAMPAIGN/JOB.",
            valueName: "job"
        )
    )
    var target: String

    @OptionGroup var queue: QueueOption

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        try withExitCodes {
            let inquiry = try queue.inquiry()
            let scope = try inquiry.scope(called: target)
            if scope.job == nil, let campaign = scope.campaign {
                try explain(campaign, inquiry)
            } else {
                try explain(inquiry.locate(target), inquiry)
            }
        }
    }

    private func explain(_ campaign: CampaignID, _ inquiry: QueueInquiry) throws {
        let explanation = try inquiry.explanation(
            of: campaign,
            workers: queue.workers(),
            seenFrom: HostIdentity.current()
        )
        guard !json else { return Terminal.print(try jsonText(explanation)) }
        Terminal.print("\(campaign) \(explanation.state.rawValue)")
        for line in explanation.jobLines + explanation.explanation { Terminal.print("  \(line)") }
        for line in explanation.failed { Terminal.print("    \(line)") }
    }

    private func explain(_ place: QueueInquiry.Place, _ inquiry: QueueInquiry) throws {
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
