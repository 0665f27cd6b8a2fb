// SPDX-License-Identifier: MIT

import JobStorage
import Logging
import SystemPackage
import SystemSupport

/// Whether this observer itself can write to the job directory and read back what it wrote.
///
/// While it cannot, others' silence proves nothing.
struct DiskProbe {
    private let directory: JobDirectory
    private let file: FilePath
    private let logger: Logger
    private let now: @Sendable () -> BootClock.Instant

    /// Writes to a file of the observer's own.
    init(_ directory: JobDirectory, file: FilePath, logger: Logger, now: @escaping @Sendable () -> BootClock.Instant) {
        self.directory = directory
        self.file = file
        self.logger = logger
        self.now = now
    }

    /// Writes, reads, and says whether that went well and quickly.
    func isHealthy() -> Bool {
        let start = now()
        let text = Array("\(directory.platform.randomBits())".utf8)
        do throws(FileError) {
            try directory.fileSystem.overwrite(file, contents: text)
            let isSame = try directory.fileSystem.contents(of: file, limit: 100) == text
            return isSame && start.duration(to: now()) < directory.settings.heartbeat
        } catch {
            logger.warning("probe failed", metadata: ["error": "\(error)"])
            return false
        }
    }
}
