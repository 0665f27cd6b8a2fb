// SPDX-License-Identifier: MIT

internal import Coordination
private import Foundation
internal import JobStorage
internal import SystemPackage
internal import SystemSupport

/// What a simulated job is to do: its payload.
struct SimulatedJob: Codable, Sendable {
    /// The array that it makes a shard of, or reads.
    var array: String?
    /// The shards that it reads.
    var reads: [Int]?
    /// Tells jobs apart; for a maker, the number of its shard.
    let number: Int
    /// Its campaign's number, where other campaigns must not have the same job.
    var campaign: Int?

    init(array: String? = nil, reads: [Int]? = nil, number: Int, campaign: Int? = nil) {
        self.array = array
        self.reads = reads
        self.number = number
        self.campaign = campaign
    }

    init?(_ job: JobSpecification) {
        guard let decoded = try? JSONDecoder().decode(Self.self, from: Data(job.payload)) else { return nil }
        self = decoded
    }

    func specification(_ kind: Kind, priority: Int) -> JobSpecification {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let payload = (try? encoder.encode(self)).map { Array($0) } ?? []
        return JobSpecification(kind: kind.rawValue, payload: payload, priority: priority)
    }

    /// What a job does.
    enum Kind: String, CaseIterable, Sendable {
        /// Gives a function of its payload.
        case sum
        /// Makes a shard.
        case make
        /// Reads shards that others made.
        case read
    }
}

/// A shard of an array: its content says which it is, and vouches for itself.
struct SimulatedShard: Sendable {
    let array: String
    let number: Int

    init(array: String, number: Int) {
        self.array = array
        self.number = number
    }

    init?(_ path: [String]) {
        guard path.count == 4, path[0] == "arrays", path[2] == "c", let number = Int(path[3]) else { return nil }
        self.init(array: path[1], number: number)
    }

    var content: [UInt8] {
        let text = "shard \(number) of \(array) "
        return Array((text + ContentDigest(of: text).prefix(16)).utf8)
    }

    func path(in directory: JobDirectory) -> FilePath {
        directory.root.below("arrays", array, "c", "\(number)")
    }
}

/// The campaigns of a simulation, and what comes of them where nothing goes wrong.
struct SimulatedCampaigns: Sendable {
    let plans: [JobPlan]
    private let safeguardOut: Safeguard?
    private let payloads: [JobID: [UInt8]]

    /// Two campaigns of two or three stages that the seed chooses; some share an array.
    init(seed: UInt64, scale: Int, safeguardOut: Safeguard?) throws {
        self.safeguardOut = safeguardOut
        var random = SeededRandom(seed, 0xCA)
        var plans: [JobPlan] = []
        var payloads: [JobID: [UInt8]] = [:]
        let isShared = random.happens(0.5)
        for number in 0..<2 {
            let array = isShared ? "shared" : "own-\(number)"
            let shards = Int.random(in: 1...max(1, min(3, scale)), using: &random)
            var stages: [[(SimulatedJob.Kind, SimulatedJob)]] = [
                (0..<shards).map { (.make, SimulatedJob(array: array, number: $0)) },
                (0..<Int.random(in: 1...2, using: &random)).map { index in
                    (.read, SimulatedJob(array: array, reads: Array(0..<shards), number: index, campaign: number))
                },
            ]
            let sums = Int.random(in: 1...max(1, scale), using: &random)
            let last: [(SimulatedJob.Kind, SimulatedJob)] = (0..<sums).map {
                (.sum, SimulatedJob(number: $0, campaign: number))
            }
            let isThird = random.happens(0.5)
            if isThird { stages.append(last) } else { stages.insert(last, at: 0) }
            let priority = Int.random(in: 4...5, using: &random)
            var buckets: [JobPlan.Bucket] = []
            for (stage, jobs) in stages.enumerated() {
                let isFree = jobs[0].0 != .read && !(isThird && stage == 2)
                buckets.append(
                    JobPlan.Bucket(
                        name: BucketName(number: stage),
                        kind: jobs[0].0.rawValue,
                        priority: priority,
                        dependsOn: isFree ? [] : [BucketName(number: stage - 1)],
                        jobs: jobs.map { $0.1.specification($0.0, priority: priority) }
                    )
                )
                for (kind, job) in jobs {
                    payloads[job.specification(kind, priority: priority).id] = Self.payload(of: kind, job)
                }
            }
            let digest = ContentDigest(of: "\(seed) \(number)")
            guard let id = CampaignID(name: "c\(number)", digest: digest) else { continue }
            plans.append(try JobPlan(campaign: id, buckets: buckets))
        }
        self.plans = plans
        self.payloads = payloads
    }

    /// What a job's result says.
    static func payload(of kind: SimulatedJob.Kind, _ job: SimulatedJob) -> [UInt8] {
        let parts =
            switch kind {
            case .sum: ["\(job.campaign ?? 0) \(job.number)"]
            case .make:
                [String(decoding: SimulatedShard(array: job.array ?? "", number: job.number).content, as: UTF8.self)]
            case .read:
                ["\(job.campaign ?? 0) \(job.number)"]
                    + (job.reads ?? []).map { shard in
                        String(decoding: SimulatedShard(array: job.array ?? "", number: shard).content, as: UTF8.self)
                    }
            }
        return Array("\(kind.rawValue) \(ContentDigest(of: parts.joined(separator: "\n")).prefix(16));".utf8)
    }

    /// Where a file really is, of which the protocol says that it is under a path.
    func actual(_ path: [String]) -> [String] { Safeguard.actual(path, without: safeguardOut) }

    func payload(of job: JobID) -> [UInt8]? { payloads[job] }

    func plan(of campaign: CampaignID) -> JobPlan? { plans.first { $0.campaign == campaign } }

    /// The results of all jobs in plan order but those of makers, which may have been complete before.
    func mergedOutput(of plan: JobPlan) -> [UInt8] {
        Self.merged(plan).flatMap { payloads[$0.id] ?? [] }
    }

    static func merged(_ plan: JobPlan) -> [JobSpecification] {
        plan.buckets.flatMap(\.jobs).filter { $0.kind != SimulatedJob.Kind.make.rawValue }
    }
}

/// What a simulated coordinator knows of its campaigns.
struct SimulatedContent: CampaignContent {
    let directory: JobDirectory

    func isAlreadyComplete(_ job: JobSpecification, of campaign: CampaignID) -> Bool {
        let files = outputs(of: job)
        return !files.isEmpty && files.allSatisfy { (try? directory.fileSystem.isPresent($0)) ?? false }
    }

    func merge(_ plan: JobPlan, results: CampaignResults) throws {
        var joined: [UInt8] = []
        for job in SimulatedCampaigns.merged(plan) {
            guard let stored = try results.result(of: job) else {
                throw UnusableResult(job: job.id, reason: "there is none")
            }
            joined += stored.result.payload
        }
        let reports = directory.reports(of: plan.campaign)
        try directory.fileSystem.makeDirectories(reports)
        try directory.fileSystem.replace(
            reports.below("SUCCESS.json"),
            contents: joined,
            by: reports.below(".\(directory.platform.randomBits())")
        )
    }

    func outputs(of job: JobSpecification) -> [FilePath] {
        guard job.kind == SimulatedJob.Kind.make.rawValue, let job = SimulatedJob(job), let array = job.array else {
            return []
        }
        return [SimulatedShard(array: array, number: job.number).path(in: directory)]
    }

    func arraysRead(by job: JobSpecification) -> [FilePath] {
        guard job.kind == SimulatedJob.Kind.read.rawValue, let array = SimulatedJob(job)?.array else { return [] }
        return [directory.root.below("arrays", array)]
    }

    func isReadable(_ file: FilePath) -> Bool {
        guard let shard = SimulatedShard(Tree.components(file).inQueue) else { return false }
        return (try? directory.fileSystem.contents(of: file, limit: 1 << 10)) == shard.content
    }
}
