// SPDX-License-Identifier: MIT

/// The jobs that a campaign makes, in the buckets in which they are published.
public struct JobPlan: Equatable, Sendable {
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
        jobs.reserveCapacity(buckets.reduce(0) { $0 + $1.jobs.count })
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

extension JobPlan {
    private struct Header: Codable {
        let format: Int
        let campaign: CampaignID
        let buckets: Int
    }

    private struct BucketLine: Codable {
        let name: BucketName
        let kind: String
        let priority: Int
        let dependsOn: [BucketName]
        let jobs: Int
    }

    /// A line of JSON that names the campaign, then for each bucket one, followed by a line for each of its jobs.
    ///
    /// A job's line is its payload's length, a space and the payload, which may hold anything. The same plan gives the
    /// same bytes.
    public func encoded() -> [UInt8] {
        let header = Header(format: QueueSettings.formatVersion, campaign: campaign, buckets: buckets.count)
        var bytes = encodedRecord(header) + [newline]
        for bucket in buckets {
            let line = BucketLine(
                name: bucket.name,
                kind: bucket.kind,
                priority: bucket.priority,
                dependsOn: bucket.dependsOn,
                jobs: bucket.jobs.count
            )
            bytes += encodedRecord(line) + [newline]
            for job in bucket.jobs {
                bytes += "\(job.payload.count) ".utf8
                bytes += job.payload
                bytes.append(newline)
            }
        }
        return bytes
    }

    /// Reads a plan and checks it again.
    public init(decoding bytes: [UInt8]) throws(PlanError) {
        var reader = PlanReader(bytes)
        guard let line = reader.line(), let header = decodedRecord(Header.self, from: line),
            header.format == QueueSettings.formatVersion
        else { throw .malformed(line: 1) }
        var buckets: [Bucket] = []
        while !reader.isAtEnd {
            let number = reader.lineNumber
            guard let bytes = reader.line(), let line = decodedRecord(BucketLine.self, from: bytes),
                Reason(line.kind) != nil, (0...9).contains(line.priority)
            else { throw .malformed(line: number) }
            var jobs: [JobSpecification] = []
            while jobs.count < line.jobs {
                let number = reader.lineNumber
                guard let payload = reader.payload(),
                    let job = JobSpecification(checking: payload, kind: line.kind, priority: line.priority)
                else { throw .malformed(line: number) }
                jobs.append(job)
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
        guard buckets.count == header.buckets else { throw .malformed(line: 1) }
        try self.init(campaign: header.campaign, buckets: buckets)
    }
}

/// Goes through the bytes of a plan; nil for what is not there whole.
private struct PlanReader {
    private var rest: ArraySlice<UInt8>
    /// The number of the line that comes next, where no payload has lines of its own.
    private(set) var lineNumber = 1

    init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    var isAtEnd: Bool { rest.isEmpty }

    /// The bytes before the next end of a line.
    mutating func line() -> ArraySlice<UInt8>? {
        guard let end = rest.firstIndex(of: newline) else { return nil }
        lineNumber += 1
        defer { rest = rest[(end + 1)...] }
        return rest[..<end]
    }

    /// The payload whose length comes next.
    mutating func payload() -> [UInt8]? {
        guard let space = rest.prefix(20).firstIndex(of: UInt8(ascii: " ")),
            let length: Int = strictNumber(rest[..<space], digits: 9)
        else { return nil }
        let start = space + 1
        guard rest.endIndex - start > length, rest[start + length] == newline else { return nil }
        lineNumber += 1
        defer { rest = rest[(start + length + 1)...] }
        return Array(rest[start..<(start + length)])
    }
}

let newline = UInt8(ascii: "\n")
