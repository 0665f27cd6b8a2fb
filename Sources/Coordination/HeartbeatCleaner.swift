// SPDX-License-Identifier: MIT

import JobStorage
import Logging
import SystemPackage
import SystemSupport

/// Removes the heartbeats of workers that are gone, so that nobody reads them again; what they wrote of themselves stays.
///
/// A worker is gone that said so, that is provably dead on this machine, or whose heartbeat stood still for long. Should it
/// live all the same, its next beat is there again; it holds nothing then that was not taken back long ago.
struct HeartbeatCleaner {
    private static let rhythm = Duration.seconds(60)
    /// So that a step stays short.
    private static let limit = 256
    /// So many leases without a beat.
    private static let leases = 30

    private struct Sight {
        var sequence: UInt64
        var since: BootClock.Instant
    }

    private let directory: JobDirectory
    private let observer: HostIdentity
    private let logger: Logger
    private var nextLook: BootClock.Instant?
    private var sights: [WorkerName: Sight] = [:]

    init(_ directory: JobDirectory, observer: HostIdentity, logger: Logger) {
        self.directory = directory
        self.observer = observer
        self.logger = logger
    }

    /// Looks once a minute, and removes some heartbeats; never that of a worker that holds a token.
    mutating func clean(keeping running: [Token], now: BootClock.Instant) {
        if let nextLook, now < nextLook { return }
        nextLook = now.advanced(by: Self.rhythm)
        let owners = Set(running.compactMap(\.name.worker))
        do throws(FileError) {
            var left = Self.limit
            for name in try directory.workersWithHeartbeat() where left > 0 && !owners.contains(name) {
                guard let beat = directory.heartbeat(of: name), isGone(name, beat, now) else { continue }
                left -= 1
                try directory.removeHeartbeat(of: name)
                sights[name] = nil
            }
        } catch {
            logger.info("heartbeat not removed", metadata: ["error": "\(error)"])
        }
    }

    private mutating func isGone(_ name: WorkerName, _ beat: Heartbeat, _ now: BootClock.Instant) -> Bool {
        if beat.state == .stopped { return true }
        if let identity = directory.registration(of: name)?.identity,
            directory.surroundings.isProvablyDead(identity, seenFrom: observer)
        {
            return true
        }
        let sight = sights[name].flatMap { $0.sequence == beat.sequence ? $0 : nil }
        sights[name] = sight ?? Sight(sequence: beat.sequence, since: now)
        return sight.map { $0.since.duration(to: now) >= directory.settings.lease * Self.leases } ?? false
    }
}
