// SPDX-License-Identifier: MIT

import FoundationEssentials
import JobStorage
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

/// A job directory, a campaign file and images on NFS.
///
/// The test looks at it on the server, past every cache.
struct NFSBench {
    let cluster: NFSCluster
    private let content: DistributedCampaign
    private let user: Int
    private let name = "bench-\(UInt64.random(in: .min ... .max))"

    private var queue: String { "/mnt/shared/\(name)/queue" }
    private var campaignFile: String { "/mnt/shared/\(name)/small.yaml" }
    private var onServer: String { "/mnt/disk/\(name)" }

    /// Makes all of it on machine a.
    ///
    /// A worker is called lost after so many seconds of silence. All is done by the user of that number.
    init(_ content: DistributedCampaign = .small, lease: Int, user: Int = 0) async throws {
        self.content = content
        self.user = user
        cluster = try #require(NFSCluster.current, "the suite's trait sets one up")
        let images = smallImages.map { Package.images.appending($0).string }.joined(separator: " ")
        let command = """
            set -e
            mkdir -p \(name)/images && cp \(images) \(name)/images && cat >\(name)/small.yaml <<'END'
            \(content.text)
            END
            \(Programs.coordinator) init \(queue) && sed --in-place \
            's/"heartbeatSeconds":10,"leaseSeconds":120/"heartbeatSeconds":1,"leaseSeconds":\(lease)/' \(queue)/queue.json \
            && grep --quiet '"leaseSeconds":\(lease)' \(queue)/queue.json
            """
        let end = try await start(on: .a, "/bin/sh", ["-c", command]).result()
        try #require(end.exit == .code(0), "\(end)")
    }

    /// Submits the campaign and gives its id.
    func submit() async throws -> CampaignID {
        let result = try await coordinate("submit", campaignFile).result()
        try #require(result.exit == .code(0), "\(result)")
        return try #require(CampaignID(result.line))
    }

    /// Starts a command of the coordinator on a machine.
    func coordinate(on host: NFSCluster.Host = .a, _ arguments: String...) throws -> RunningProgram {
        try start(on: host, Programs.coordinator, arguments + ["--queue", queue])
    }

    /// Starts a worker on a machine.
    func worker(on host: NFSCluster.Host) throws -> RunningProgram {
        try start(on: host, Programs.worker, ["--queue", queue, "--until-empty", "--threads", "1"])
    }

    /// What this machine's programs are told of the engine, whose instructions decide bytes.
    private static let engineSettings = ["ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "OPENBLAS_CORETYPE"]
        .compactMap { name in environmentValue(name).map { "\(name)=\($0)" } }

    private func start(on host: NFSCluster.Host, _ program: FilePath, _ arguments: [String]) throws -> RunningProgram {
        let user = ["/usr/bin/setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups", program.string]
        return try cluster.start(on: host, "/usr/bin/env", Self.engineSettings + user + arguments)
    }

    // MARK: What the server has

    /// All tokens of a folder.
    func tokens(in folder: TokenFolder) async throws -> [TokenName] {
        let list = try await cluster.shell(on: .s, "find \(onServer)/queue/\(folder.rawValue) -type f -printf '%f\\n'")
        return list.split(separator: "\n").compactMap { TokenName(String($0), in: folder) }
    }

    /// Waits until so many jobs are done.
    func done(_ count: Int) async throws {
        _ = try await eventually("\(counted(count, "job")) done", within: .seconds(120)) {
            try await tokens(in: .done).count >= count ? true : nil
        }
    }

    /// Waits until a machine's worker is in the middle of a job, and gives the token.
    func running(on host: NFSCluster.Host) async throws -> TokenName {
        try await eventually("a job that runs on \(host)", within: .seconds(120)) {
            try await tokens(in: .running).first { $0.worker?.description.hasPrefix("\(host.rawValue)-") ?? false }
        }
    }

    /// Pulls a machine's cable while its worker is in the middle of a job, and gives the token of that job.
    func cutOff(_ host: NFSCluster.Host) async throws -> TokenName {
        for _ in 0..<20 {
            let token = try await running(on: host)
            try await cluster.setLink(of: host, isUp: false)
            // From here on nothing that the machine does changes what the server has.
            let results = try await cluster.shell(on: .s, "find \(onServer)/queue/results -type f")
            let isInTheMiddle = try await tokens(in: .running).contains(token)
            if isInTheMiddle, !results.contains("/\(token.job).g") { return token }
            try await cluster.setLink(of: host, isUp: true)
        }
        throw Unavailable("a worker in the middle of a job")
    }

    /// Whether a campaign's report is complete.
    func isMerged(_ campaign: CampaignID) async throws -> Bool {
        let report = "\(onServer)/queue/reports/\(campaign)/SUCCESS.json"
        return try await cluster.shell(on: .s, "test -e \(report) && echo yes || echo no") == "yes\n"
    }

    // MARK: The end

    /// How the jobs of a campaign went.
    struct Course {
        /// The tokens that say that a job is done.
        let done: [TokenName]
        /// The outcomes that workers and coordinators wrote down, by the job's attempt.
        let outcomes: [LogRecord]
    }

    /// Waits for everybody's good end: the undisturbed report, each job of the plan done once, in its first generation, and
    /// no input that anybody called missing.
    @discardableResult
    func expectSameEnd(_ campaign: CampaignID, _ processes: [RunningProgram]) async throws -> Course {
        for process in processes {
            let end = try await process.result(within: .seconds(600))
            #expect(end.exit == .code(0), "\(end)")
        }
        let report = "\(onServer)/queue/reports/\(campaign)"
        let files = DistributedCampaign.files.map { "\(report)/\($0)" }.joined(separator: " ")
        let sums = try await cluster.shell(on: .s, "sha256sum \(files)").split(separator: "\n").map { $0.prefix(64) }
        let undisturbed = try await content.undisturbed
        #expect(
            sums.map(String.init)
                == DistributedCampaign.files.map {
                    ContentDigest(of: undisturbed[$0] ?? []).hexadecimal
                }
        )
        let plan = try await cluster.shell(on: .s, "cat \(onServer)/queue/campaigns/\(campaign)/plan")
        let planned = try JobPlan(decoding: Array(plan.utf8)).buckets.flatMap(\.jobs).map(\.id)
        let done = try await tokens(in: .done)
        #expect(done.map(\.job).sorted() == planned.sorted())
        #expect(done.allSatisfy { $0.attempt.generation == 1 }, "\(done.map(\.attempt))")
        for folder in TokenFolder.allCases where folder != .done { #expect(try await tokens(in: folder).isEmpty) }
        let logs = try await cluster.shell(on: .s, "cat \(onServer)/queue/logs/*.jsonl")
        let outcomes = logs.split(separator: "\n").compactMap {
            try? JSONDecoder().decode(LogRecord.self, from: Data($0.utf8))
        }
        #expect(outcomes.count >= planned.count)
        #expect(outcomes.allSatisfy { !$0.outcome.hasPrefix("i-") }, "\(outcomes.map(\.outcome))")
        return Course(done: done, outcomes: outcomes)
    }
}
