// SPDX-License-Identifier: MIT

import JobStorage
import SystemSupport

/// Remembers which campaigns have ended, so that asking again is cheap.
struct CampaignWatch {
    private let directory: JobDirectory
    private var ended: Set<CampaignID> = []
    private var plans: [CampaignID: JobPlan] = [:]
    private var controlNumber = 0
    private var looks = 0
    /// Of so many looks one asks for reports so that nothing that is remembered can hide them.
    private static let looksPerQuestion = 8

    init(_ directory: JobDirectory) {
        self.directory = directory
    }

    /// Whether nothing can be done any more for any campaign.
    ///
    /// A campaign whose plan cannot be read has not ended: nobody can tell.
    mutating func haveAllEnded(_ control: ControlState) throws(FileError) -> Bool {
        // Somebody may have asked for failed jobs to be done after all.
        if control.number != controlNumber { ended = [] }
        controlNumber = control.number
        looks += 1
        let unknown = try directory.campaigns().filter { !ended.contains($0) }
        let notes = unknown.isEmpty ? [:] : try directory.endNotes()
        for campaign in unknown {
            if !(notes[campaign]?.holds(control) ?? false), try !hasEnded(campaign, control) { return false }
            ended.insert(campaign)
            plans[campaign] = nil
        }
        return true
    }

    private mutating func hasEnded(_ campaign: CampaignID, _ control: ControlState) throws(FileError) -> Bool {
        let isCertain = looks % Self.looksPerQuestion == 1
        if try isCertain ? directory.isMerged(campaign) : directory.isSeenMerged(campaign) { return true }
        guard let plan = plans[campaign] ?? (try? directory.plan(of: campaign)) else { return false }
        plans[campaign] = plan
        return try directory.scan(campaign).outcome(of: plan, control) != .underWay
    }
}
