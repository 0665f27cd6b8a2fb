// SPDX-License-Identifier: MIT

import JobStorage
import Logging
import SystemPackage
import SystemSupport

/// Removes the scratch folders of processes that are gone: killed ones leave theirs behind.
///
/// Only folders of which it is certain: the process is provably dead on this machine, or said itself that it left.
struct ScratchCleaner {
    /// So that a step stays short.
    private static let limit = 32

    private let directory: JobDirectory
    private let observer: HostIdentity
    private let logger: Logger
    private var looks = Rhythm(every: .seconds(60))

    init(_ directory: JobDirectory, observer: HostIdentity, logger: Logger) {
        self.directory = directory
        self.observer = observer
        self.logger = logger
    }

    /// Looks once a minute, and removes some of the folders that it finds.
    mutating func clean(now: BootClock.Instant) {
        guard looks.takeTurn(at: now) else { return }
        do throws(FileError) {
            let names = try directory.fileSystem.names(in: directory.root.below("scratch"))
            for name in names.lazy.compactMap({ WorkerName($0) }).filter(isGone).prefix(Self.limit) {
                try directory.removeScratch(of: name)
                logger.info("scratch folder removed", metadata: ["of": "\(name)"])
            }
        } catch {
            logger.info("scratch folder not removed", metadata: ["error": "\(error)"])
        }
    }

    private func isGone(_ name: WorkerName) -> Bool {
        if let registration = directory.registration(of: name) {
            if directory.platform.isProvablyDead(registration.identity, seenFrom: observer) { return true }
            guard let beat = directory.heartbeat(of: name) else { return false }
            return beat.state == .stopped && beat.held.isEmpty
        }
        guard let owner = directory.scratchOwner(of: name) else { return false }
        return directory.platform.isProvablyDead(owner, seenFrom: observer)
    }
}
