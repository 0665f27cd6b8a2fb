// SPDX-License-Identifier: MIT

import JobStorage
import SystemSupport

/// Looks for jobs to claim: where a coordinator saw some, then everywhere.
///
/// A listing is used until it is used up or old, so that a claim costs no more where there are a million jobs.
struct WorkFinder {
    /// What a worker may take now.
    struct Terms {
        /// The kinds of jobs.
        let kinds: Set<String>
        /// What users have said.
        let control: ControlState
    }

    /// So many lost races in one bucket, and the listing is taken for old.
    private static let racesPerListing = 8
    /// So many listings of one bucket in which others were always quicker, and another bucket is tried.
    private static let listingsPerPlace = 3
    /// So many looks at hints alone, and all is listed again: hints may be old, and coordinators dead.
    private static let looksPerScan = 10
    /// Of so many scans, one looks at a bucket of a campaign that is said to have ended.
    private static let scansPerEndedBucket = 8
    /// A coordinator publishes a hint every minute; one that stands for so long tells of a fleet that was.
    private static let hintLifetime = Duration.seconds(180)

    private let directory: JobDirectory
    private var placesByBucket: [CampaignID: [BucketName: Hint.Place]] = [:]
    private var candidates: [Token] = []
    private var lastListing: BootClock.Instant?
    private var lastPlace: Hint.Place?
    private var hint: Hint?
    private var hintSince: BootClock.Instant?
    private var isHintOld = false
    private var emptied: Set<Hint.Place> = []
    private var looksUntilScan = 0
    private var scans = 0
    /// Whether the worker does not know of some claim what became of it.
    private var hasDoubts = false
    /// How many directories were listed since this was last set to zero.
    var listings = 0

    init(_ directory: JobDirectory) {
        self.directory = directory
    }

    /// The number of workers, as the newest hint has it; nil where there is no hint, or none but an old one.
    var fleet: Int? { isHintOld ? nil : hint?.fleet }

    /// Claims a job of the best priority that is known to have any, or nil where none was found.
    mutating func claim(for worker: WorkerName, _ terms: Terms, now: BootClock.Instant) throws(FileError) -> Claim? {
        if isListingFresh(now), let claim = try claimCandidate(for: worker, terms) { return claim }
        candidates = []
        try readHint(now)
        if let claim = try claim(in: hint?.places.filter { !emptied.contains($0) } ?? [], worker, terms, now) {
            return claim
        }
        if hint != nil, looksUntilScan > 0 {
            looksUntilScan -= 1
            return nil
        }
        looksUntilScan = Self.looksPerScan
        emptied = []
        return try claim(in: try allPlaces(terms), worker, terms, now)
    }

    private func isListingFresh(_ now: BootClock.Instant) -> Bool {
        lastListing.map { $0.duration(to: now) < directory.settings.heartbeat } ?? false
    }

    /// Reads the newest hint; another one than before makes all places worth a look again.
    private mutating func readHint(_ now: BootClock.Instant) throws(FileError) {
        listings += 1
        let newest = try directory.newestHint()
        if newest != hint { emptied = [] }
        let since = newest == hint ? hintSince ?? now : now
        hintSince = since
        isHintOld = since.duration(to: now) >= Self.hintLifetime
        hint = newest
    }

    // MARK: Claiming

    private mutating func claim(
        in places: [Hint.Place],
        _ worker: WorkerName,
        _ terms: Terms,
        _ now: BootClock.Instant
    ) throws(FileError) -> Claim? {
        var randomness = directory.platform.randomness
        let open = places.filter { terms.kinds.contains($0.kind) && !terms.isClosed($0.campaign) }
        for place in Self.order(open, preferred: lastPlace, using: &randomness) {
            lastPlace = place
            lastListing = now
            for _ in 0..<Self.listingsPerPlace {
                listings += 1
                candidates = try directory.tokens(in: .pending, place.bucket, of: place.campaign)
                    .shuffled(using: &randomness)
                if let claim = try claimCandidate(for: worker, terms) { return claim }
                if candidates.isEmpty { break }
            }
            if candidates.isEmpty { emptied.insert(place) }
        }
        lastPlace = nil
        return nil
    }

    /// Claims one of those that were listed, unless others were quicker again and again.
    private mutating func claimCandidate(for worker: WorkerName, _ terms: Terms) throws(FileError) -> Claim? {
        var races = 0
        while races < Self.racesPerListing, let token = candidates.popLast() {
            guard terms.control.allows(token.name.job, of: token.campaign) else { continue }
            if let claim = try directory.claim(token, for: worker, hasDoubts: &hasDoubts) { return claim }
            races += 1
        }
        return nil
    }

    // MARK: Looking everywhere

    private mutating func allPlaces(_ terms: Terms) throws(FileError) -> [Hint.Place] {
        listings += 2
        let notes = try directory.endNotes()
        var (open, ended): ([CampaignID], [CampaignID]) = ([], [])
        for campaign in try directory.campaignsWithBuckets() {
            if notes[campaign]?.holds(terms.control) ?? false { ended.append(campaign) } else { open.append(campaign) }
        }
        var places: [Hint.Place] = []
        for campaign in open { places += try self.places(of: campaign) }
        // A note is only a hint: now and then a bucket of some ended campaign is looked at all the same.
        scans += 1
        var randomness = directory.platform.randomness
        if scans.isMultiple(of: Self.scansPerEndedBucket), let campaign = ended.randomElement(using: &randomness),
            let place = try self.places(of: campaign).randomElement(using: &randomness)
        {
            places.append(place)
        }
        return places
    }

    private mutating func places(of campaign: CampaignID) throws(FileError) -> [Hint.Place] {
        listings += 1
        var places: [Hint.Place] = []
        for bucket in try directory.publishedBuckets(of: campaign) {
            if let place = try hintedPlace(bucket, of: campaign) { places.append(place) }
        }
        return places
    }

    /// What a bucket says of itself, which never changes.
    private mutating func hintedPlace(_ bucket: BucketName, of campaign: CampaignID) throws(FileError) -> Hint.Place? {
        if let known = placesByBucket[campaign]?[bucket] { return known }
        guard let published = try directory.published(bucket, of: campaign) else { return nil }
        let place = Hint.Place(
            campaign: campaign,
            bucket: bucket,
            kind: published.kind,
            priority: published.priority
        )
        placesByBucket[campaign, default: [:]][bucket] = place
        return place
    }

    /// Best priority first, then where work was found last, then at random, so that workers spread.
    static func order(
        _ places: [Hint.Place],
        preferred: Hint.Place?,
        using randomness: inout some RandomNumberGenerator
    ) -> [Hint.Place] {
        places.shuffled(using: &randomness).sorted { left, right in
            if left.priority != right.priority { return left.priority < right.priority }
            return left == preferred && right != preferred
        }
    }

    /// How long an idle worker waits at most, so that a fleet makes about 20 listings a second in the mean.
    ///
    /// Waiting takes half of it in the mean, which makes 13 listings a second; the others are for what users say, which
    /// each worker lists at every heartbeat.
    static func idleWait(fleet: Int, listings: Int) -> Duration {
        min(max(.milliseconds(250), .milliseconds(150) * fleet * max(1, listings)), .seconds(300))
    }
}

extension WorkFinder.Terms {
    /// Whether nothing of a campaign may be claimed.
    func isClosed(_ campaign: CampaignID) -> Bool {
        control.isPaused(campaign)
    }
}
