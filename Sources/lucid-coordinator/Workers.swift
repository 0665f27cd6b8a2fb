// SPDX-License-Identifier: MIT

import ArgumentParser
import Coordination
import SystemSupport

struct Workers: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the workers that are there, and what they hold.",
        discussion: """
            A worker is there from its first heartbeat until it says that it leaves. "silent" is one whose heartbeat \
            stands still for longer than the lease; "dead" is said only where it is \
            certain: the process is gone on this machine.

            EXAMPLES
              lucid-coordinator workers --queue /shared/queue
              lucid-coordinator workers --queue /shared/queue --json
            """
    )

    @OptionGroup var queue: QueueOption

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        try withExitCodes {
            let workers = try queue.workers()
            if json {
                Terminal.print(try jsonText(workers))
            } else {
                for worker in workers {
                    let jobs = worker.jobs.map { " \($0)" }.joined()
                    Terminal.print("\(worker.id) \(worker.state)\(jobs)")
                }
                if workers.isEmpty {
                    Terminal.note("there are no workers; start one with: lucid-worker --queue \(queue.queue)")
                }
            }
        }
    }
}

extension QueueOption {
    /// The workers that are there now.
    func workers() throws -> [QueueStatus.Worker] {
        try WorkerList(open(), seenFrom: HostIdentity.current()).workers
    }
}
