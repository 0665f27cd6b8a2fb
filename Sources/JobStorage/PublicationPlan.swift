// SPDX-License-Identifier: MIT

/// The jobs that a campaign makes, in the buckets in which they are published.
public struct PublicationPlan: Equatable, Sendable {
    /// Jobs of one stage whose inputs become ready together.
    public struct Bucket: Equatable, Sendable {
        /// Its name, unique in the campaign.
        public let name: BucketName
        /// The kind of all its jobs.
        public let kind: String
        /// The priority of all its jobs; 0 goes first.
        public let priority: Int
        /// The buckets that must be done before it is published; each stands earlier in the plan.
        public let dependsOn: [BucketName]
        /// Its jobs, in the order in which their results are merged.
        public let jobs: [JobSpecification]

        /// Describes a bucket.
        public init(
            name: BucketName,
            kind: String,
            priority: Int,
            dependsOn: [BucketName],
            jobs: [JobSpecification]
        ) {
            self.name = name
            self.kind = kind
            self.priority = priority
            self.dependsOn = dependsOn
            self.jobs = jobs
        }
    }

    /// The campaign.
    public let campaign: CampaignID
    /// Its buckets, each after those that it depends on.
    public let buckets: [Bucket]

    /// Checks that the plan can be carried out: distinct jobs and buckets, and dependencies that come earlier.
    public init(campaign: CampaignID, buckets: [Bucket]) throws(PlanError) {
        var names: Set<BucketName> = []
        var jobs: Set<JobID> = []
        for bucket in buckets {
            for dependency in bucket.dependsOn where !names.contains(dependency) {
                throw .unknownDependency(of: bucket.name, on: dependency)
            }
            guard names.insert(bucket.name).inserted else { throw .repeatedBucket(bucket.name) }
            for job in bucket.jobs {
                guard jobs.insert(job.id).inserted else { throw .repeatedJob(job.id) }
                guard job.kind == bucket.kind, job.priority == bucket.priority else {
                    throw .mixedBucket(bucket.name)
                }
            }
        }
        self.campaign = campaign
        self.buckets = buckets
    }
}

/// Why a plan cannot be carried out or read.
public enum PlanError: Error, Equatable, CustomStringConvertible {
    /// Two buckets of one name.
    case repeatedBucket(BucketName)
    /// The same job twice.
    case repeatedJob(JobID)
    /// A bucket waits for one that does not come before it.
    case unknownDependency(of: BucketName, on: BucketName)
    /// A job's kind or priority is not its bucket's.
    case mixedBucket(BucketName)
    /// The bytes are no plan.
    case malformed(line: Int)

    /// What is wrong with the plan.
    public var description: String {
        switch self {
        case .repeatedBucket(let name): "the plan has two buckets \(name)"
        case .repeatedJob(let job): "the plan has job \(job) twice"
        case .unknownDependency(let name, let other): "bucket \(name) waits for \(other), which does not come before it"
        case .mixedBucket(let name): "bucket \(name) holds jobs of another kind or priority than its own"
        case .malformed(let line): "line \(line) of the plan cannot be understood"
        }
    }
}

// MARK: Encoding

extension PublicationPlan {
    private struct Header: Codable {
        let format: Int
        let campaign: CampaignID
        let buckets: Int
    }

    private struct Line: Codable {
        let name: BucketName
        let kind: String
        let priority: Int
        let dependsOn: [BucketName]
        let payloads: [String]
    }

    /// A line of JSON that names the campaign, then one for each bucket; the same plan gives the same bytes.
    public func encoded() -> [UInt8] {
        let header = Header(format: QueueSettings.formatVersion, campaign: campaign, buckets: buckets.count)
        var bytes = encodedRecord(header) + [newline]
        for bucket in buckets {
            let line = Line(
                name: bucket.name,
                kind: bucket.kind,
                priority: bucket.priority,
                dependsOn: bucket.dependsOn,
                payloads: bucket.jobs.map { String(decoding: $0.payload, as: UTF8.self) }
            )
            bytes += encodedRecord(line) + [newline]
        }
        return bytes
    }

    /// Reads a plan and checks it again.
    public init(decoding bytes: [UInt8]) throws(PlanError) {
        var lines = bytes.split(separator: newline, omittingEmptySubsequences: false)
        guard lines.popLast()?.isEmpty == true, let first = lines.first,
            let header = decodedRecord(Header.self, from: first),
            header.format == QueueSettings.formatVersion, header.buckets == lines.count - 1
        else { throw .malformed(line: 1) }
        var buckets: [Bucket] = []
        for (index, bytes) in lines.enumerated().dropFirst() {
            guard let line = decodedRecord(Line.self, from: bytes), Reason(line.kind) != nil,
                (0...9).contains(line.priority),
                line.payloads.allSatisfy({ $0.utf8.count <= JobSpecification.payloadLimit })
            else { throw .malformed(line: index + 1) }
            let jobs = line.payloads.map {
                JobSpecification(kind: line.kind, payload: Array($0.utf8), priority: line.priority)
            }
            let bucket = Bucket(
                name: line.name,
                kind: line.kind,
                priority: line.priority,
                dependsOn: line.dependsOn,
                jobs: jobs
            )
            buckets.append(bucket)
        }
        try self.init(campaign: header.campaign, buckets: buckets)
    }
}

let newline = UInt8(ascii: "\n")
