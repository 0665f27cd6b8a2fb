// SPDX-License-Identifier: MIT

import JobStorage
import SystemSupport

/// A campaign's plan and what of it need not be listed again.
struct CampaignCache {
    let plan: JobPlan
    let priorities: [BucketName: Int]
    private let buckets: [BucketName: JobPlan.Bucket]
    /// The buckets that are done, which nothing changes any more unless what they made is lost.
    private var settled = CampaignSnapshot()
    private var knownMakers: ArrayMakers?

    init(_ plan: JobPlan) {
        self.plan = plan
        buckets = Dictionary(uniqueKeysWithValues: plan.buckets.map { ($0.name, $0) })
        priorities = buckets.mapValues(\.priority)
    }

    /// Lists where the campaign's jobs stand.
    mutating func scan(_ directory: JobDirectory) throws(FileError) -> CampaignSnapshot {
        var snapshot = settled
        for name in try directory.publishedBuckets(of: plan.campaign) where settled.published(name) == nil {
            var seen = CampaignSnapshot()
            try directory.scan(name, of: plan.campaign, into: &seen)
            snapshot.merge(seen)
            if let bucket = buckets[name], seen.isDone(bucket) { settled.merge(seen) }
        }
        return snapshot
    }

    /// Lists anew what jobs of some buckets depend on, which may be done no longer.
    mutating func reopen(before names: Set<BucketName>) {
        for name in Set(names.flatMap { buckets[$0]?.dependsOn ?? [] }) { reopen(name) }
    }

    /// Lists a bucket anew, of which a job may be done no longer.
    mutating func reopen(_ name: BucketName) {
        if let bucket = buckets[name] { settled.forget(bucket) }
    }

    /// Which jobs make which files; found out when first needed, since hardly any campaign needs it.
    mutating func makers(_ content: any CampaignContent, in directory: JobDirectory) -> ArrayMakers {
        let makers = knownMakers ?? ArrayMakers(plan, content: content, in: directory)
        knownMakers = makers
        return makers
    }
}
