// SPDX-License-Identifier: MIT

import JobStorage
import SystemSupport

/// Looks for jobs to claim, by listing what is there now.
struct WorkFinder {
    /// A bucket with what it says of itself, which never changes.
    struct Place: Hashable {
        let campaign: CampaignID
        let bucket: BucketName
    }

    private let directory: JobDirectory
    private let kinds: Set<String>
    private var catalogue: [Place: PublishedBucket] = [:]
    private var lastFound: Place?

    init(_ directory: JobDirectory, kinds: Set<String>) {
        self.directory = directory
        self.kinds = kinds
    }

    /// Claims a job of the best priority that has any, or nil where nothing is left.
    mutating func claim(for worker: WorkerName) throws(FileError) -> Claim? {
        var randomness = directory.surroundings.randomness
        var places: [(place: Place, priority: Int)] = []
        for campaign in try directory.campaignsWithBuckets() {
            for bucket in try directory.publishedBuckets(of: campaign) {
                let place = Place(campaign: campaign, bucket: bucket)
                guard let published = try published(place), kinds.contains(published.kind) else { continue }
                places.append((place, published.priority))
            }
        }
        for place in Self.order(places, preferred: lastFound, using: &randomness) {
            let tokens = try directory.tokens(in: .pending, place.bucket, of: place.campaign)
            for token in tokens.shuffled(using: &randomness) {
                guard let claim = try directory.claim(token, for: worker) else { continue }
                lastFound = place
                return claim
            }
        }
        return nil
    }

    private mutating func published(_ place: Place) throws(FileError) -> PublishedBucket? {
        if let known = catalogue[place] { return known }
        let published = try directory.published(place.bucket, of: place.campaign)
        catalogue[place] = published
        return published
    }

    /// Best priority first, then where work was found last, then at random, so that workers spread.
    static func order(
        _ places: [(place: Place, priority: Int)],
        preferred: Place?,
        using randomness: inout some RandomNumberGenerator
    ) -> [Place] {
        let sorted = places.shuffled(using: &randomness).sorted { left, right in
            if left.priority != right.priority { return left.priority < right.priority }
            return left.place == preferred && right.place != preferred
        }
        return sorted.map(\.place)
    }

    /// How long an idle worker waits at most, so that a fleet makes about 20 listings a second.
    static func idleWait(fleet: Int) -> Duration {
        min(max(.milliseconds(250), .milliseconds(100) * fleet), .seconds(10))
    }
}
