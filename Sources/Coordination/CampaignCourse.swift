// SPDX-License-Identifier: MIT

import JobStorage
import SystemSupport

/// A campaign's plan and what of it need not be listed again.
struct CampaignCourse {
    let plan: PublicationPlan
    let priorities: [BucketName: Int]
    private let buckets: [BucketName: PublicationPlan.Bucket]
    /// The buckets that are done, which nothing changes any more.
    private var settled = CampaignSnapshot()

    init(_ plan: PublicationPlan) {
        self.plan = plan
        buckets = Dictionary(uniqueKeysWithValues: plan.buckets.map { ($0.name, $0) })
        priorities = buckets.mapValues(\.priority)
    }

    /// Lists where the campaign's jobs stand.
    mutating func look(_ directory: JobDirectory) throws(FileError) -> CampaignSnapshot {
        var snapshot = settled
        for name in try directory.publishedBuckets(of: plan.campaign) where settled.published[name] == nil {
            var seen = CampaignSnapshot()
            try directory.scan(name, of: plan.campaign, into: &seen)
            snapshot.merge(seen)
            if let bucket = buckets[name], seen.isDone(bucket) { settled.merge(seen) }
        }
        return snapshot
    }
}
