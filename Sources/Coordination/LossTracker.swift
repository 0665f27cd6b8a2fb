// SPDX-License-Identifier: MIT

import JobStorage
import SystemSupport

/// Counts how often jobs were not found where they must be.
///
/// Listings are hints: a job that moves between two of them is in neither. So a job is lost only when looks at all of its
/// bucket's folders, spread over three heartbeats' time, did not show it once.
struct LossTracker {
    private struct Absence {
        let since: BootClock.Instant
        var looks = 0
    }

    private static let looksNeeded = 3
    private var absences: [CampaignID: [BucketName: [JobID: Absence]]] = [:]

    /// Takes in the jobs of a bucket that were not found just now, and gives those that are lost.
    mutating func lost(
        _ missing: [JobSpecification],
        in bucket: BucketName,
        of campaign: CampaignID,
        now: BootClock.Instant,
        rhythm: Duration
    ) -> [JobSpecification] {
        let before = absences[campaign]?[bucket] ?? [:]
        if missing.isEmpty && before.isEmpty { return [] }
        var current: [JobID: Absence] = [:]
        var lost: [JobSpecification] = []
        for job in missing {
            var absence = before[job.id] ?? Absence(since: now)
            absence.looks += 1
            if absence.looks >= Self.looksNeeded, absence.since.duration(to: now) >= rhythm * 3 {
                lost.append(job)
            } else {
                current[job.id] = absence
            }
        }
        absences[campaign, default: [:]][bucket] = current.isEmpty ? nil : current
        return lost
    }
}
