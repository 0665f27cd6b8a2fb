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
            Jobs that lost their token, their result or an array's file can be claimed again, and damaged files are \
            moved away; workers then make again what campaigns need. Nothing is deleted. A coordinator does the same \
            for the campaigns that it runs, when a job stumbles over it.

            EXAMPLES
              lucid-coordinator repair --queue /shared/queue --dry-run
              lucid-coordinator repair --queue /shared/queue

            Exit codes: 0 nothing is wrong, once workers have done what the last lines say; 1 something is left that \
            needs a person; 2 the system failed.
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
            var standings: [QueueRepair.Outcome.Standing] = []
            for problem in problems {
                let outcome = dryRun ? nil : try repair.repair(problem)
                outcomes.append(Outcome(problem: problem, done: outcome?.words))
                if !dryRun, problem.isRepairable { standings.append(outcome?.standing ?? .mended) }
                guard !json else { continue }
                Terminal.print(problem.line)
                if let outcome { Terminal.print("  \(outcome.words)") }
                if !problem.isRepairable { Terminal.print("  this needs a person") }
            }
            if json { Terminal.print(try jsonText(["problems": outcomes])) }
            let left = problems.count - standings.count
            Terminal.note(problems.isEmpty ? "nothing is wrong" : Self.summary(standings, left: left))
            if standings.contains(.begun) {
                Terminal.note("unless workers run already, start: lucid-worker --queue \(queue.queue) --until-empty")
            }
            if left > 0 { throw ExitCode(1) }
        }
    }

    /// How many problems have come to what.
    private static func summary(_ standings: [QueueRepair.Outcome.Standing], left: Int) -> String {
        let counts = [
            (standings.count { $0 == .mended }, "mended"),
            (standings.count { $0 == .begun }, "to be mended by a worker"),
            (standings.count { $0 == .movedAway }, "moved away"), (left, "left"),
        ]
        return "problems: " + counts.filter { $0.0 > 0 }.map { "\($0) \($1)" }.joined(separator: ", ")
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
