// SPDX-License-Identifier: MIT

import ArgumentParser
import JobStorage

struct Init: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a job directory.",
        discussion: """
            The directory must be empty or new, on a file system that all workers see. One that is a job directory \
            already is left as it is.

            EXAMPLE
              lucid-coordinator init /shared/queue
            """
    )

    @Argument(help: "The directory.")
    var directory: String

    func run() throws {
        try withExitCodes {
            let made = try JobDirectory.create(at: absolutePath(directory))
            Terminal.note("\(made.root) is a job directory")
        }
    }
}
