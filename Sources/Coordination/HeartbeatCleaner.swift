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
    private static let span = Duration.seconds(60)
    /// So that a step stays short.
    private static let limit = 256
    /// So many leases without a beat.
    private static let leases = 30
    /// More than this is never counted at once: who did not look saw no silence.
    private static let longestStep = span * 3

    private struct Observation {
        var sequence: UInt64
        var silence = Duration.zero
    }

    private let directory: JobDirectory
    private let observer: HostIdentity
    private let probe: DiskProbe
    private let logger: Logger
    private var looks = Rhythm(every: span)
    private var lastLook: BootClock.Instant?
    private var wasHealthy = false
    private var observations: [WorkerName: Observation] = [:]

    init(_ directory: JobDirectory, observer: HostIdentity, probe: DiskProbe, logger: Logger) {
        self.directory = directory
        self.observer = observer
        self.probe = probe
        self.logger = logger
    }

    /// Looks once a minute, and removes some heartbeats; never that of a worker that holds one of the tokens.
    ///
    /// A token of a merged campaign, a job that is repaired, keeps none: nobody sweeps it, so the missing heartbeat is what
    /// tells `verify` that its worker is gone. Silence must therefore prove as much here as in a sweep.
    mutating func clean(keeping running: [Token], now: BootClock.Instant) {
        guard looks.takeTurn(at: now) else { return }
        let counted = healthyTime(until: now)
        let owners = Set(running.compactMap(\.name.worker))
        do throws(FileError) {
            let names = try directory.workersWithHeartbeat()
            let present = Set(names)
            observations = observations.filter { present.contains($0.key) }
            var left = Self.limit
            for name in names where !owners.contains(name) {
                guard let beat = directory.heartbeat(of: name), isGone(name, beat, counted), left > 0 else { continue }
                left -= 1
                try directory.removeHeartbeat(of: name)
                observations[name] = nil
            }
        } catch {
            logger.info("heartbeat not removed", metadata: ["error": "\(error)"])
        }
    }

    /// The time since the last look; none where this observer could not write and read at both.
    private mutating func healthyTime(until now: BootClock.Instant) -> Duration {
        let isHealthy = probe.isHealthy()
        defer { (lastLook, wasHealthy) = (now, isHealthy) }
        guard let lastLook, isHealthy, wasHealthy else { return .zero }
        return min(lastLook.duration(to: now), Self.longestStep)
    }

    private mutating func isGone(_ name: WorkerName, _ beat: Heartbeat, _ counted: Duration) -> Bool {
        if beat.state == .stopped { return true }
        if let identity = directory.registration(of: name)?.identity,
            directory.platform.isProvablyDead(identity, seenFrom: observer)
        {
            return true
        }
        var observation = Observation(sequence: beat.sequence)
        if let before = observations[name], before.sequence == beat.sequence {
            observation.silence = before.silence + counted
        }
        observations[name] = observation
        return observation.silence >= directory.settings.lease * Self.leases
    }
}
