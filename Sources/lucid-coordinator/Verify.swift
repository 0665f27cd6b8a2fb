// SPDX-License-Identifier: MIT

import ArgumentParser
import Coordination
import JobStorage

struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check every job, result and array of a job directory.",
        discussion: """
            Changes nothing, and may run beside workers and coordinators. Reads every array to its end, which takes \
            as long as reading the directory's files does.

            EXAMPLES
              lucid-coordinator verify --queue /shared/queue
              lucid-coordinator verify --queue /shared/queue --json

            Exit codes: 0 nothing is wrong; 1 something is, see the lines; 2 the system failed.
            """
    )

    @OptionGroup var queue: QueueOption

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        try withExitCodes {
            let verification = try queue.verify()
            if json {
                Terminal.print(try jsonText(verification.summary))
            } else {
                for problem in verification.problems { Terminal.print(problem.line) }
                let checked = verification.checked.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
                Terminal.note("checked: \(checked.isEmpty ? "nothing is there yet" : checked.joined(separator: ", "))")
                let repairable = verification.problems.count(where: \.isRepairable)
                if repairable > 0 {
                    Terminal.note("repair \(repairable) of them with: lucid-coordinator repair --queue \(queue.queue)")
                }
            }
            if !verification.problems.isEmpty { throw ExitCode(1) }
        }
    }
}

struct Repair: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Mend what `verify` finds.",
        discussion: """
            Jobs that lost their token or result are done again, damaged files are moved away and made again. Nothing \
            is deleted. A coordinator does the same for the campaigns that it runs, when a job stumbles over it.

            EXAMPLES
              lucid-coordinator repair --queue /shared/queue --dry-run
              lucid-coordinator repair --queue /shared/queue

            Exit codes: 0 nothing is wrong any more; 1 something is left that needs a person; 2 the system failed.
            """
    )

    @OptionGroup var queue: QueueOption

    @Flag(help: "Only say what would be done.")
    var dryRun = false

    @Flag(help: "Print JSON.")
    var json = false

    private struct Outcome: Encodable {
        let problem: QueueProblem
        let done: String?
    }

    func run() throws {
        try withExitCodes {
            let problems = try queue.verify().problems
            let directory = try queue.open()
            let repair = QueueRepair(directory, content: NetworkCampaigns(directory))
            var outcomes: [Outcome] = []
            for problem in problems {
                let done = dryRun ? nil : try repair.repair(problem)
                outcomes.append(Outcome(problem: problem, done: done))
                guard !json else { continue }
                Terminal.print(problem.line)
                if let done { Terminal.print("  \(done)") }
                if !problem.isRepairable { Terminal.print("  this needs a person") }
            }
            if json { Terminal.print(try jsonText(["problems": outcomes])) }
            let left = problems.count { dryRun || !$0.isRepairable }
            Terminal.note(
                problems.isEmpty ? "nothing is wrong" : "\(problems.count - left) problems mended, \(left) left"
            )
            if left > 0 { throw ExitCode(1) }
        }
    }
}

extension QueueOption {
    /// Checks everything, with progress on the standard error.
    func verify() throws -> Verification {
        let directory = try open()
        let progress = ProgressLine()
        return try Verification(directory, content: NetworkCampaigns(directory)) { what, done, total in
            progress.show(["\(what): \(done) of \(total)"])
        }
    }
}
