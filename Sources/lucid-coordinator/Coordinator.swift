// SPDX-License-Identifier: MIT

import Archives
import ArgumentParser
import Coordination
import Downloads
import HTTPTransfer
import JobStorage
import SystemPackage
import SystemSupport

/// Plans campaigns, watches over their jobs, and merges what workers compute.
@main
struct LucidCoordinator: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lucid-coordinator",
        abstract: "Compares neural networks on a cluster whose machines share a directory.",
        discussion: """
            EXAMPLES
              lucid-coordinator init /shared/queue
              lucid-coordinator submit study.yaml --queue /shared/queue
              lucid-coordinator run --queue /shared/queue --local-workers 2
              lucid-coordinator status --queue /shared/queue --watch
              lucid-coordinator report study --queue /shared/queue
            """,
        version: CoordinatorVersion.text,
        subcommands: [
            Init.self, Submit.self, Run.self, Status.self, Report.self, Layers.self, Weights.self, Export.self,
            CatalogueCommand<ModelKind>.self, CatalogueCommand<DatasetKind>.self, Jobs.self, Workers.self, Why.self,
            Logs.self, Wait.self, Retry.self, Cancel.self, Pause.self, Resume.self, Drain.self, Verify.self,
            Repair.self, Doctor.self, Prune.self, Racer.self,
        ]
    )

    static func main() {
        if let complaint = CommandComplaint(CommandLine.arguments.dropFirst(), among: configuration.subcommands) {
            Terminal.complain("\(complaint)")
            exit(withError: ExitCode(64))
        }
        main(nil)
    }
}

/// The option that names the job directory.
struct QueueOption: ParsableArguments {
    @Option(
        name: .customLong("queue"),
        help: ArgumentHelp("The job directory; by default that of the variable LUCID_QUEUE.", valueName: "dir")
    )
    var wantedQueue: String?

    @Option(help: ArgumentHelp("Accept a job directory that belongs to this user.", valueName: "user"))
    var trustOwner: String?

    /// The job directory as the user named it.
    var queue: String { wantedQueue ?? environmentValue("LUCID_QUEUE") ?? "" }

    func validate() throws {
        guard !queue.isEmpty else {
            throw ValidationError("no job directory is named; give --queue DIR, or set the variable LUCID_QUEUE")
        }
        if let trustOwner, userIdentifier(of: trustOwner) == nil {
            throw ValidationError("this machine knows no user \"\(trustOwner)\"")
        }
    }

    func open() throws -> JobDirectory {
        try JobDirectory.open(at: absolutePath(queue), trustOwner: trustOwner.flatMap { userIdentifier(of: $0) })
    }

    /// Looks at one campaign or all, and says of which nothing can be told.
    func inquiry(of campaign: CampaignID? = nil) throws -> QueueInquiry {
        let inquiry = try QueueInquiry(open(), campaign: campaign)
        for (id, problem) in inquiry.problems.sorted(by: { $0.key < $1.key }) { Terminal.note("\(id): \(problem)") }
        return inquiry
    }
}

/// A path as typed, from the root.
func absolutePath(_ text: String) -> FilePath {
    let path = FilePath(text)
    return (path.isAbsolute ? path : currentDirectory().pushing(path)).lexicallyNormalized()
}

/// Runs a command's body, and turns its errors into a message and an exit code.
func withExitCodes(_ body: () throws -> Void) throws {
    do {
        try body()
    } catch let code as ExitCode {
        throw code
    } catch {
        Terminal.complain("\(error)")
        switch error {
        case is SubmissionError, is ArchiveError, is CacheError, is UnknownItem: throw ExitCode(65)
        case let error as TransferError: throw ExitCode(error.isBadInput ? 65 : 2)
        case is UnfinishedCampaign, is ReportDamage: throw ExitCode(1)
        case JobDirectoryError.file: throw ExitCode(2)
        case is JobDirectoryError: throw ExitCode(65)
        default: throw ExitCode(isBadInput(error) ? 65 : 2)
        }
    }
}
