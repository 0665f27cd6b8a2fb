// SPDX-License-Identifier: MIT

import JobStorage
import Logging
import SystemPackage
import SystemSupport

/// Tells workers where there is work, when that has changed.
struct HintWriter {
    /// So that workers learn of a fleet that grew or shrank.
    private static let longestSilence = Duration.seconds(60)

    private let directory: JobDirectory
    private let scratch: FilePath
    private let logger: Logger
    private var fleet: Fleet
    private var places: [CampaignID: Set<Hint.Place>] = [:]
    private var published: Set<Hint.Place>?
    private var lastHint: BootClock.Instant?

    init(_ directory: JobDirectory, scratch: FilePath, logger: Logger) {
        self.directory = directory
        self.scratch = scratch
        self.logger = logger
        fleet = Fleet(directory)
    }

    /// Takes in where a campaign's claimable jobs stand.
    mutating func collect(_ snapshot: CampaignSnapshot, of plan: JobPlan, _ control: ControlState) {
        let campaign = plan.campaign
        guard !control.isPaused(campaign) else {
            places[campaign] = nil
            return
        }
        places[campaign] = Set(
            snapshot.claimableBuckets.compactMap { bucket in
                snapshot.published(bucket).map {
                    Hint.Place(campaign: campaign, bucket: bucket, kind: $0.kind, priority: $0.priority)
                }
            }
        )
    }

    /// Publishes at once what is new, and now and then what is no more.
    mutating func publish(now: BootClock.Instant) {
        let current = places.values.reduce(into: Set()) { $0.formUnion($1) }
        let isNew = !current.isSubset(of: published ?? [])
        let age = lastHint.map { $0.duration(to: now) } ?? Self.longestSilence
        let isChanged = current != published && age >= directory.settings.heartbeat
        guard isNew || isChanged || age >= Self.longestSilence else { return }
        do throws(FileError) {
            try directory.hint(current, fleet: fleet.size(now: now), scratch: scratch)
            published = current
            lastHint = now
        } catch {
            logger.info("hint not published", metadata: ["error": "\(error)"])
        }
    }
}
