// SPDX-License-Identifier: MIT

public import SystemPackage
public import SystemSupport

/// Where a coordinator last saw work, and for how many workers: never more than a hint.
public struct Hint: Equatable, Codable, Sendable {
    /// A bucket that holds claimable jobs.
    public struct Place: Hashable, Codable, Sendable {
        /// The campaign.
        public let campaign: CampaignID
        /// The bucket.
        public let bucket: BucketName
        /// The kind of its jobs.
        public let kind: String
        /// The priority of its jobs; 0 goes first.
        public let priority: Int

        /// Names a bucket.
        public init(campaign: CampaignID, bucket: BucketName, kind: String, priority: Int) {
            self.campaign = campaign
            self.bucket = bucket
            self.kind = kind
            self.priority = priority
        }
    }

    /// The most places that a hint names.
    public static let placeLimit = 256

    /// The largest fleet that is believed: workers wait the longer the more of them there are.
    static let fleetLimit = 1_000_000

    /// The version of the format.
    public let format: Int
    /// The job directory.
    public let run: String
    /// How many workers were there.
    public let fleet: Int
    /// Where there was work, the best priority first.
    public let places: [Place]
    /// Whether there was work elsewhere too.
    public let isCut: Bool
    /// Tells this record from one that says the same.
    let nonce: String
}

extension JobDirectory {
    private static let hintsKept = 16

    private var hintRecords: NumberedRecords {
        NumberedRecords(fileSystem: fileSystem, folder: root.below("hints"))
    }

    /// Publishes where there is work, and removes all hints but the last sixteen.
    ///
    /// - Parameters:
    ///   - places: the buckets with claimable jobs; as many as fit are told, of the best priority.
    ///   - fleet: the number of workers.
    ///   - scratch: the caller's own folder.
    /// - Throws: `FileError` where the hint was not published, which does no harm.
    public func hint(_ places: some Sequence<Hint.Place>, fleet: Int, scratch: FilePath) throws(FileError) {
        let sorted = places.sorted { ($0.priority, $0.campaign, $0.bucket) < ($1.priority, $1.campaign, $1.bucket) }
        let nonce = platform.randomDigits()
        let hint = Hint(
            format: QueueSettings.formatVersion,
            run: settings.run,
            fleet: fleet,
            places: Array(sorted.prefix(Hint.placeLimit)),
            isCut: sorted.count > Hint.placeLimit,
            nonce: nonce
        )
        _ = try hintRecords.add(encodedRecord(hint), draft: scratch.below("hint-\(nonce)"))
        for number in try hintRecords.numbers().dropLast(Self.hintsKept) { try hintRecords.remove(number) }
    }

    /// The file of the newest hint; nil where there is none.
    public func newestHintFile() throws(FileError) -> FilePath? {
        try hintRecords.numbers().last.map { hintRecords.path(of: $0) }
    }

    /// The newest hint; nil where there is none that can be read.
    public func newestHint() throws(FileError) -> Hint? {
        guard let number = try hintRecords.numbers().last,
            let bytes = try? hintRecords.contents(of: number),
            let hint = decodedRecord(Hint.self, from: bytes), hint.run == settings.run,
            hint.format == QueueSettings.formatVersion, hint.places.count <= Hint.placeLimit,
            (0...Hint.fleetLimit).contains(hint.fleet)
        else { return nil }
        return hint
    }
}
