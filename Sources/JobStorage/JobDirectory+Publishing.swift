// SPDX-License-Identifier: MIT

public import SystemPackage
public import SystemSupport

/// What is known of a published bucket, from the file in it that nobody ever removes.
public struct PublishedBucket: Equatable, Codable, Sendable {
    /// The kind of its jobs.
    public let kind: String
    /// The priority of its jobs; 0 goes first.
    public let priority: Int
    /// The jobs that were complete when it was published, which have no token unless they are made again.
    public let omitted: Set<JobID>

    /// Describes a bucket as it is published.
    public init(_ bucket: JobPlan.Bucket, omitting omitted: Set<JobID>) {
        kind = bucket.kind
        priority = bucket.priority
        self.omitted = omitted
    }

    /// Writes the omitted jobs in order, so that equal buckets are equal bytes.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(kind, forKey: .kind)
        try container.encode(priority, forKey: .priority)
        try container.encode(omitted.sorted(), forKey: .omitted)
    }
}

/// What publishing a bucket came to.
public enum PublishOutcome: Equatable, Sendable {
    /// Its jobs can be claimed from now on.
    case published
    /// Somebody else had published it.
    case alreadyPublished
}

extension JobDirectory {
    static let markerName = ".published"

    /// Publishes a bucket whole, except for jobs that are complete already.
    ///
    /// Synced by one call for all its files: a token lost to a power cut could be made again from the plan, but the
    /// bucket must not appear before its content. For a complete job a file is kept that one rename makes a token, should
    /// its output be lost. `scratch` is the caller's own folder.
    public func publish(
        _ bucket: JobPlan.Bucket,
        of campaign: CampaignID,
        omitting omitted: Set<JobID>,
        scratch: FilePath
    ) throws(FileError) -> PublishOutcome {
        let target = folder(.pending, bucket.name, of: campaign)
        if try fileSystem.isPresent(target) { return .alreadyPublished }
        let draft = scratch.below("bucket-\(platform.randomDigits())")
        try fileSystem.makeDirectories(draft)
        for job in bucket.jobs {
            let name = TokenName(job: job.id, attempt: .first, standing: .pending(priority: bucket.priority))
            let record = JobRecord(job, campaign: campaign, run: settings.run)
            try fileSystem.create(
                draft.below(omitted.contains(job.id) ? Self.reserveName(of: job.id) : name.description),
                contents: encodedRecord(record),
                durably: false
            )
        }
        let marker = PublishedBucket(bucket, omitting: omitted.intersection(bucket.jobs.map(\.id)))
        try fileSystem.create(draft.below(Self.markerName), contents: encodedRecord(marker), durably: false)
        for other in TokenFolder.allCases where other != .pending {
            try fileSystem.makeDirectories(folder(other, bucket.name, of: campaign))
        }
        try fileSystem.makeDirectories(results(of: campaign, bucket.name))
        try fileSystem.makeDirectories(folder(.pending, of: campaign))
        try fileSystem.synchronizeAll(holding: root)
        return try moveWhole(draft, to: target) ? .published : .alreadyPublished
    }

    /// The buckets of a campaign that are published.
    public func publishedBuckets(of campaign: CampaignID) throws(FileError) -> [BucketName] {
        try namesIfPresent(in: folder(.pending, of: campaign)).compactMap { BucketName($0) }
    }

    /// What a published bucket says of itself; nil where it is not published or says nothing that can be read.
    public func published(_ bucket: BucketName, of campaign: CampaignID) throws(FileError) -> PublishedBucket? {
        let file = folder(.pending, bucket, of: campaign).below(Self.markerName)
        do throws(FileError) {
            return decodedRecord(PublishedBucket.self, from: try fileSystem.contents(of: file, limit: 64 << 20))
        } catch  where error.errno == .noSuchFileOrDirectory {
            return nil
        }
    }

    /// The tokens in one folder of a bucket, in no particular order.
    public func tokens(
        in folder: TokenFolder,
        _ bucket: BucketName,
        of campaign: CampaignID
    ) throws(FileError) -> [Token] {
        try namesIfPresent(in: self.folder(folder, bucket, of: campaign)).compactMap { name in
            TokenName(name, in: folder).map { Token(campaign: campaign, bucket: bucket, name: $0) }
        }
    }

    /// The campaigns of which something was ever published, whether or not work is left.
    public func campaignsWithBuckets() throws(FileError) -> [CampaignID] {
        try fileSystem.names(in: root.below("pending")).compactMap { CampaignID($0) }
    }
}
