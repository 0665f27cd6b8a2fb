// SPDX-License-Identifier: MIT

import ArgumentParser
import Coordination
import JobStorage
import SystemSupport

struct Pause: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Let workers begin nothing more.",
        discussion: """
            What they run is finished. Workers notice within a heartbeat's time, ten seconds.

            EXAMPLES
              lucid-coordinator pause --queue /shared/queue
              lucid-coordinator pause study --queue /shared/queue
            """
    )

    @Argument(help: "A campaign (id, or its name) or a job; the whole queue by default.")
    var target: String?

    @OptionGroup var queue: QueueOption

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        try withExitCodes { try queue.post(.pause, target, json: json, "is paused") }
    }
}

struct Resume: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Let workers go on after a pause.",
        discussion: """
            A campaign that was paused by itself is resumed by its name, also when the whole queue was paused too.

            EXAMPLES
              lucid-coordinator resume --queue /shared/queue
              lucid-coordinator resume study --queue /shared/queue
            """
    )

    @Argument(help: "A campaign (id, or its name) or a job; the whole queue by default.")
    var target: String?

    @OptionGroup var queue: QueueOption

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        try withExitCodes {
            try queue.post(.resume, target, json: json, "is resumed")
            for line in try queue.inquiry().pauses { Terminal.note(line) }
        }
    }
}

struct Drain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask workers to hand back what they run and leave.",
        discussion: """
            Concerns the workers that are there now; those that start later work as usual. They notice within a \
            heartbeat's time, ten seconds.

            EXAMPLES
              lucid-coordinator drain --queue /shared/queue
              lucid-coordinator drain node17 --queue /shared/queue
            """
    )

    @Argument(help: "A worker's name or the beginning of it, as `workers` lists it; all workers by default.")
    var worker: String?

    @OptionGroup var queue: QueueOption

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        try withExitCodes {
            let present = try queue.workers().map(\.id)
            let meant = present.filter { name in worker.map { name.description.hasPrefix($0) } ?? true }
            if let worker, meant.isEmpty {
                throw SubmissionError("there is no worker \"\(worker)\"; list them with: lucid-coordinator workers")
            }
            let control = QueueControl(try queue.open())
            if worker == nil {
                try control.post(.drain, .queue)
            } else {
                for name in meant { try control.post(.drain, .worker(name)) }
            }
            if json { Terminal.print(try jsonText(["workers": meant])) }
            Terminal.note("\(counted(meant.count, "worker", "is", "are")) asked to leave")
        }
    }
}

extension QueueOption {
    /// Says something of a campaign or a job, or of the whole queue, and tells the user.
    func post(_ verb: ControlRecord.Verb, _ target: String?, json: Bool, _ participle: String) throws {
        let directory = try open()
        let scope = try target.map { try inquiry().scope(called: $0) } ?? .queue
        try QueueControl(directory).post(verb, scope)
        if json { Terminal.print(try jsonText(scope)) }
        let what = scope.job?.description ?? scope.campaign?.description ?? "the queue"
        Terminal.note("\(what) \(participle)")
    }
}
