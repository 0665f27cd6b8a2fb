// SPDX-License-Identifier: MIT

public import JobStorage
public import SystemSupport

/// What one observer has seen of the workers' lives, on its own clock alone.
public struct LivenessTracker {
    /// What is known of a worker.
    private struct Observation {
        var sequence: UInt64?
        var silence = Duration.zero
        var hasStopped = false
    }

    /// What is known of an attempt that its worker did not list.
    private struct Absence {
        var time = Duration.zero
        var beats = 0
    }

    /// More than this is never counted at once: who did not look saw no silence.
    private let longestStep: Duration
    private var lastLook: BootClock.Instant?
    private var wasHealthy = false
    private var observations: [WorkerName: Observation] = [:]
    private var absences: [Token: Absence] = [:]
    private var gone: Set<WorkerName> = []

    /// Starts with nothing seen.
    public init(_ settings: QueueSettings) {
        longestStep = settings.heartbeat * 3
    }

    /// Takes in the owners of the running attempts and their heartbeats, as read just now.
    ///
    /// A heartbeat that could not be read is no news. Time counts only between two looks during which the observer
    /// itself could write and read.
    public mutating func observe(
        _ running: [Token],
        heartbeats: [WorkerName: Heartbeat],
        isHealthy: Bool,
        now: BootClock.Instant
    ) {
        let elapsed = lastLook.map { min($0.duration(to: now), longestStep) } ?? .zero
        let counted = isHealthy && wasHealthy ? elapsed : .zero
        lastLook = now
        wasHealthy = isHealthy
        let owners = Set(running.compactMap(\.name.worker))
        var moved: Set<WorkerName> = []
        var seen: [WorkerName: Observation] = [:]
        for owner in owners {
            let before = observations[owner]
            if let beat = heartbeats[owner], beat.sequence != before?.sequence {
                if before?.sequence != nil { moved.insert(owner) }
                seen[owner] = Observation(sequence: beat.sequence, silence: .zero, hasStopped: beat.state == .stopped)
            } else if var observation = before {
                observation.silence += counted
                seen[owner] = observation
            } else {
                seen[owner] = Observation()
            }
        }
        var absent: [Token: Absence] = [:]
        for token in running {
            guard let owner = token.name.worker else { continue }
            guard let beat = heartbeats[owner] else {
                absent[token] = absences[token]
                continue
            }
            if beat.lists(token) { continue }
            guard var absence = absences[token] else {
                absent[token] = Absence()
                continue
            }
            absence.time += counted
            if moved.contains(owner) { absence.beats += 1 }
            absent[token] = absence
        }
        observations = seen
        absences = absent
        gone.formIntersection(owners)
    }

    /// Takes in that a worker's process is gone beyond doubt.
    public mutating func record(gone worker: WorkerName) {
        gone.insert(worker)
    }

    /// What is known of a running attempt.
    public func observation(of token: Token) -> AttemptObservation {
        let observation = token.name.worker.flatMap { observations[$0] } ?? Observation()
        let absence = absences[token] ?? Absence()
        let isGone = token.name.worker.map { gone.contains($0) } ?? false
        return AttemptObservation(
            silence: observation.silence,
            isOwnerGone: isGone || observation.hasStopped,
            unlisted: absence.time,
            unlistedBeats: absence.beats
        )
    }
}
