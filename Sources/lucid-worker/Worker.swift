// SPDX-License-Identifier: MIT

import ArgumentParser
import ComputeEngine
import HTTPTransfer
import JobKinds
import JobStorage
import Logging
import SystemPackage
import SystemSupport
import WorkerRuntime

/// Claims jobs from a job directory and runs them.
@main
struct LucidWorker: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lucid-worker",
        abstract: "Claims jobs from a job directory and runs them.",
        discussion: """
            Start as many as you like, on any machine that sees the directory. Ctrl-C or SIGTERM hands the running \
            job back and leaves; a second one leaves at once.

            EXAMPLES
              lucid-worker --queue /shared/queue
              lucid-worker --queue /shared/queue --threads 4 --memory 2GiB --until-empty
              srun lucid-worker --queue /shared/queue --time-limit 3h
              lucid-worker --queue /shared/queue --arrays-url https://storage.example.org/queue/arrays
            """,
        version: "lucid-worker \(Runners.version), \(Runners.versions["engine"] ?? ""), "
            + "job directory format \(QueueSettings.formatVersion), Zarr format 3"
    )

    @Option(
        name: .customLong("queue"),
        help: ArgumentHelp("The job directory; by default that of the variable LUCID_QUEUE.", valueName: "dir")
    )
    var wantedQueue: String?

    @Option(help: ArgumentHelp("Threads to compute with; all processors by default.", valueName: "n"))
    var threads: Int?

    @Option(help: ArgumentHelp("Memory to keep to.", valueName: "size"))
    var memory: ByteCount = ByteCount(1 << 30)

    @Flag(help: "Leave when every campaign has ended by its plan.")
    var untilEmpty = false

    @Option(help: ArgumentHelp("Leave when there was no work for so long, \(TimeSpan.forms).", valueName: "time"))
    var idleTimeout: TimeSpan?

    @Option(help: ArgumentHelp("Leave after so long, \(TimeSpan.forms).", valueName: "time"))
    var timeLimit: TimeSpan?

    @Option(help: ArgumentHelp("Kinds of jobs to take, with commas between; all by default.", valueName: "kinds"))
    var kinds: String?

    @Option(
        help: ArgumentHelp("Read images and arrays only below this folder; may stand several times.", valueName: "dir")
    )
    var dataRoot: [String] = []

    @Option(
        name: .customLong("arrays-url"),
        help: ArgumentHelp(
            "Read the job directory's arrays from this address, which serves its folder arrays.",
            valueName: "url"
        ),
        transform: { text in
            do throws(TransferError) { return try WebAddress(text) } catch { throw ValidationError("\(error)") }
        }
    )
    var arraysAddress: WebAddress?

    @Option(
        name: .customLong("allow-host"),
        help: ArgumentHelp("Fetch from this host and no other; may stand several times.", valueName: "host")
    )
    var allowedHosts: [String] = []

    @Option(help: ArgumentHelp("Accept a job directory that belongs to this user.", valueName: "user"))
    var trustOwner: String?

    @Flag(help: .hidden)
    var endWithParent = false

    @Flag(help: "Say only what went wrong.")
    var quiet = false

    /// The job directory as the user named it.
    private var queue: String { wantedQueue ?? environmentValue("LUCID_QUEUE") ?? "" }

    func validate() throws {
        guard !queue.isEmpty else {
            throw ValidationError("no job directory is named; give --queue DIR, or set the variable LUCID_QUEUE")
        }
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads is 1 to 1024") }
        if memory.bytes < 64 << 20 { throw ValidationError("--memory is at least 64MiB") }
        if let wantedKinds, wantedKinds.isEmpty { throw ValidationError("--kinds names no kind of jobs") }
        let known = Runners.all().keys.sorted()
        for kind in wantedKinds ?? [] where !known.contains(kind) {
            throw ValidationError(
                "there are no jobs of kind \"\(kind)\"; the kinds are \(known.joined(separator: ", "))"
            )
        }
        if let trustOwner, userIdentifier(of: trustOwner) == nil {
            throw ValidationError("this machine knows no user \"\(trustOwner)\"")
        }
    }

    private var wantedKinds: [String]? { kinds?.split(separator: ",").map(String.init) }

    func run() throws {
        if endWithParent { SystemSupport.endWithParent() }
        CPUEngine.unbindThread()
        boundHeap()
        let isQuiet = quiet
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = isQuiet ? .error : .info
            return handler
        }
        let start = BootClock().now
        do {
            let directory = try JobDirectory.open(
                at: FilePath(queue),
                trustOwner: trustOwner.flatMap { userIdentifier(of: $0) }
            )
            let options = WorkerOptions(
                threads: threads ?? processorCount(),
                memoryBudget: memory.bytes,
                untilEmpty: untilEmpty,
                idleTimeout: idleTimeout?.duration,
                timeLimit: timeLimit.map { max(.zero, $0.duration - timeUsedBefore) },
                kinds: wantedKinds.map { Set($0) },
                versions: Runners.versions,
                selfTest: SelfTest.run
            )
            let worker = try Worker(
                directory,
                options: options,
                runners: runners,
                logger: Logger(label: "lucid-worker")
            )
            let signals = SignalListener { worker.drain() }
            let exit = worker.run()
            withExtendedLifetime(signals) {}
            switch exit {
            case .environment(let message): throw Failure(message)
            case .restart(let mode):
                var changes = InstructionMode.environment(for: mode)
                let used = timeUsedBefore + start.duration(to: BootClock().now)
                changes[Self.timeUsedVariable] = "\(used.components.seconds)"
                try startAnew(changing: changes)
            case .drained, .empty, .idle, .timeLimit: break
            }
        } catch {
            complain("\(error)")
            throw ExitCode(isBadInput(error) ? 65 : 2)
        }
    }

    private var runners: [String: any JobRunner] {
        let logger = Logger(label: "lucid-worker")
        let client = WebClient(.standard(allowing: allowedHosts)) { error, delay in
            logger.warning("\(error)", metadata: ["again": "\(TimeSpan(delay))"])
        }
        return Runners.all(
            dataRoots: dataRoot.map { FilePath($0) },
            arrays: arraysAddress.map { .server($0, by: client) } ?? .directory,
            client: client
        )
    }

    private static let timeUsedVariable = "LUCID_TIME_USED"

    /// How long earlier runs of this process have worked, before they started it anew.
    private var timeUsedBefore: Duration {
        .seconds(environmentValue(Self.timeUsedVariable).flatMap { Int($0) } ?? 0)
    }

    /// Whether what was given is no job directory that may be trusted, rather than one that cannot be reached.
    private func isBadInput(_ error: any Error) -> Bool {
        switch error {
        case JobDirectoryError.file: false
        default: error is JobDirectoryError
        }
    }

    private struct Failure: Error, CustomStringConvertible {
        let description: String

        init(_ description: String) {
            self.description = description
        }
    }
}

private func complain(_ message: String) {
    _ = try? FileDescriptor.standardError.writeAll(Array("lucid-worker: \(message)\n".utf8))
}
