// SPDX-License-Identifier: MIT

public import SystemSupport

extension JobDirectory {
    /// Lists where the jobs of a campaign stand.
    ///
    /// Folders are listed in the order in which tokens move on, so a job that moves on meanwhile is seen twice rather
    /// than not at all.
    public func scan(_ campaign: CampaignID) throws(FileError) -> CampaignSnapshot {
        var snapshot = CampaignSnapshot()
        for bucket in try publishedBuckets(of: campaign) {
            try scan(bucket, of: campaign, into: &snapshot)
        }
        return snapshot
    }

    /// Lists where the jobs of one bucket stand.
    public func scan(
        _ bucket: BucketName,
        of campaign: CampaignID,
        into snapshot: inout CampaignSnapshot
    ) throws(FileError) {
        guard let published = try published(bucket, of: campaign) else { return }
        snapshot.add(published, named: bucket)
        // Before the tokens, which some of these may become meanwhile.
        if !published.omitted.isEmpty {
            snapshot.add(complete: try reserves(bucket, of: campaign), in: bucket)
        }
        for folder in TokenFolder.allCases.sorted(by: { $0.rank < $1.rank }) {
            snapshot.add(try tokens(in: folder, bucket, of: campaign), in: bucket)
        }
    }

    /// Whether nothing more can be done for a campaign: merged, or ended by its plan or by its user.
    public func hasEnded(
        _ campaign: CampaignID,
        plan: JobPlan,
        control: ControlState
    ) throws(FileError) -> Bool {
        if try isMerged(campaign) { return true }
        return try scan(campaign).outcome(of: plan, control) != .underWay
    }
}
