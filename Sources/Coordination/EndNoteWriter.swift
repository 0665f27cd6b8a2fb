// SPDX-License-Identifier: MIT

import JobStorage
import Logging
import SystemPackage
import SystemSupport

/// Notes which campaigns have ended, so that neither workers nor people who ask look at their jobs again.
struct EndNoteWriter {
    /// So that a step stays short.
    private static let limit = 16

    private let directory: JobDirectory
    private let scratch: FilePath
    private let logger: Logger
    private var notes: [CampaignID: EndNote] = [:]
    /// Campaigns that have ended and still have work, until the next look.
    private var busy: Set<CampaignID> = []
    /// Others write notes too, and take them back.
    private var looks = Rhythm(every: .seconds(60))

    init(_ directory: JobDirectory, scratch: FilePath, logger: Logger) {
        self.directory = directory
        self.scratch = scratch
        self.logger = logger
    }

    /// Reads the notes that there are, now and then; the campaigns that are done by them and have a report.
    mutating func readNotes(now: BootClock.Instant) -> [CampaignID] {
        let isFirst = !looks.hasBegun
        guard looks.takeTurn(at: now) else { return [] }
        busy = []
        do throws(FileError) {
            notes = try directory.endNotes()
            guard isFirst, !notes.isEmpty else { return [] }
            // Who removed a report wants it written again.
            let reported = try directory.campaignsWithReports()
            return notes.values.filter { $0.state == .done && reported.contains($0.campaign) }.map(\.campaign)
        } catch {
            logger.info("the notes of ends were not read", metadata: ["error": "\(error)"])
            return []
        }
    }

    /// Notes some of the ends that are not noted yet, and takes back those of campaigns that go on.
    ///
    /// What cannot be noted costs others time, and is tried again.
    mutating func noteEnds(
        _ ends: [CampaignID: CampaignEnd],
        known: [CampaignID],
        _ control: ControlState,
        plan: (CampaignID) -> JobPlan?
    ) {
        do throws(FileError) {
            for campaign in known where ends[campaign] == nil && notes[campaign] != nil {
                try directory.withdrawEndNotes(of: campaign)
                notes[campaign] = nil
            }
            var left = Self.limit
            for campaign in known where left > 0 && !busy.contains(campaign) {
                guard let state = ends[campaign]?.noted, notes[campaign]?.state != state || !holds(campaign, control)
                else { continue }
                left -= 1
                try add(EndNote(campaign, state, number: control.number), plan(campaign))
            }
        } catch {
            logger.info("an end was not noted", metadata: ["error": "\(error)"])
        }
    }

    private func holds(_ campaign: CampaignID, _ control: ControlState) -> Bool {
        notes[campaign]?.holds(control) ?? false
    }

    private mutating func add(_ note: EndNote, _ known: JobPlan?) throws(FileError) {
        let campaign = note.campaign
        guard let plan = known ?? (try? directory.plan(of: campaign)) else {
            busy.insert(campaign)
            return
        }
        let snapshot = try directory.scan(campaign)
        guard !snapshot.hasOpenTokens else {
            busy.insert(campaign)
            return
        }
        // A note must not outlive what it tells of.
        if note.state == .done { try directory.synchronizeReport(of: campaign) }
        try directory.add(note, jobs: snapshot.counts(of: plan), scratch: scratch)
        // Whoever starts a job anew takes the note back afterwards: one of the two sees the other.
        guard try !directory.scan(campaign).hasOpenTokens else {
            busy.insert(campaign)
            return try directory.withdrawEndNotes(of: campaign)
        }
        if let older = notes.updateValue(note, forKey: campaign), older != note { try directory.remove(older) }
    }
}

extension CampaignEnd {
    /// How it is noted; nil for a campaign that a person has to look at.
    fileprivate var noted: EndNote.State? {
        switch self {
        case .done: .done
        case .failed: .failed
        case .cancelled: .cancelled
        case .broken: nil
        }
    }
}

extension CampaignSnapshot {
    /// Whether a worker or a coordinator has something to do with a job.
    fileprivate var hasOpenTokens: Bool {
        tokens.values.contains { [.pending, .running, .returned].contains($0.name.folder) }
    }
}
