// SPDX-License-Identifier: MIT

import JobStorage
import Logging
import SystemSupport

/// What a coordinator decided of attempts, kept beside the workers' logs so that users can ask why.
struct CoordinatorLog: Sendable {
    private let directory: JobDirectory
    private let name: WorkerName
    private let logger: Logger

    init(_ directory: JobDirectory, _ name: WorkerName, logger: Logger) {
        self.directory = directory
        self.name = name
        self.logger = logger
    }

    /// Adds a line; one that cannot be written is missed by nobody but people.
    func write(_ token: Token, _ outcome: String, _ message: String) {
        let time = directory.platform.secondsSince1970
        let record = LogRecord(token, time: time, outcome: outcome, message: message)
        do throws(FileError) { try directory.log(record, of: name) } catch {
            logger.info("log not written", metadata: ["error": "\(error)"])
        }
    }
}
