// SPDX-License-Identifier: MIT

import ArgumentParser
import ComputeEngine
import Coordination
import Downloads
import JobStorage
import SystemPackage
import SystemSupport

struct Submit: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a campaign as a whole, show its plan, and publish it.",
        discussion: """
            Every image is decoded and every network is loaded first; if anything is wrong, nothing is published. \
            Where more than twenty images cannot be decoded, are skipped or have faults, all are listed in a file beside \
            the campaign's, which is named and which the next submit replaces. \
            The campaign's id is printed on the standard output. A campaign that was submitted before is no error, \
            unless it failed (exit code 1). Published networks and data sets that the campaign names are fetched to the \
            job directory, unless they are there or in the user's cache.

            EXAMPLES
              lucid-coordinator submit study.yaml --queue /shared/queue
              lucid-coordinator submit study.yaml --queue /shared/queue --dry-run
              lucid-coordinator submit study.yaml --queue /shared/queue --mirror https://mirror.example.org/lucid
            """
    )

    @Argument(help: "The campaign file.")
    var campaign: String

    @OptionGroup var queue: QueueOption

    @OptionGroup var source: SourceOptions

    @Flag(help: "Check and show the plan, and publish and write nothing.")
    var dryRun = false

    @Flag(help: "Print the plan as JSON instead of the id alone.")
    var json = false

    func run() throws {
        CPUEngine.unbindThread()
        Terminal.startLogging()
        try withExitCodes {
            let directory = try queue.open()
            let progress = ProgressLine()
            let start = BootClock().now
            let path = absolutePath(campaign)
            let submission = try Self.readingInput {
                let published = source.published {
                    try [DownloadCache(in: directory)] + SourceOptions.existingUserCache()
                }
                return try Submission(
                    of: path,
                    threads: processorCount(),
                    isDryRun: dryRun,
                    published: published,
                    client: source.client
                ) { what, done, total in
                    Self.show(what, done, of: total, since: start, on: progress)
                }
            }
            for warning in submission.warnings { Terminal.note("warning: \(warning)") }
            for line in submission.description { Terminal.note(line) }
            if dryRun {
                Terminal.note("nothing was published")
            } else if try submission.publish(to: directory) == .alreadySubmitted {
                Terminal.note("this campaign was submitted before; nothing was added")
                if let failure = try directory.failure(of: submission.campaign) { throw failure }
            }
            Terminal.print(json ? try submission.json() : submission.campaign.description)
        }
    }

    /// Lets a file that the campaign needs and that is not there count as wrong input.
    private static func readingInput<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as FileError where missing.contains(error.errno) {
            throw SubmissionError("\(error)")
        }
    }

    private static let missing: [Errno] = [.noSuchFileOrDirectory, .notDirectory, .isDirectory]

    /// Shows how far a check is, once it takes longer than a moment.
    private static func show(
        _ what: String,
        _ done: Int,
        of total: Int,
        since start: BootClock.Instant,
        on progress: ProgressLine
    ) {
        let now = BootClock().now
        guard start.duration(to: now) > .seconds(1) else { return }
        let estimate = ProgressEstimate(fraction: 0, count: 0, now: start)
        let unit = what.split(separator: " ").last.map(String.init) ?? ""
        let rate = estimate.rate(count: done, unit: unit, now: now)
        let left = estimate.remaining(fraction: Double(done) / Double(max(1, total)), now: now)
        let parts = ["\(what): \(done) of \(total)", rate, left.map { "\(TimeSpan($0)) left" }]
        progress.show([parts.compactMap { $0 }.joined(separator: ", ")], now: now)
    }
}
