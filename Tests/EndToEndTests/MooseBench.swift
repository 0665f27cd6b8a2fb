// SPDX-License-Identifier: MIT

import Glibc
import JobStorage
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

/// A job directory, a campaign file and images on MooseFS.
///
/// The test looks at it through the mount of host c, which is never cut off.
struct MooseBench: ObservedQueue {
    let cluster: MooseCluster
    private let name = "bench-\(UInt64.random(in: .min ... .max))"

    var queue: FilePath { outside(.c).appending("queue") }

    /// Makes all of it through the mount of host a.
    ///
    /// A worker is called lost after so many seconds of silence.
    init(lease: Int) async throws {
        cluster = try #require(MooseCluster.current, "the suite's trait sets one up")
        try Bench.copyImages(smallImages, to: outside(.a).appending("images"))
        let file = outside(.a).appending("small.yaml")
        try LocalFileSystem().create(file, contents: Array(DistributedCampaign.large.text.utf8), durably: false)
        let made = try await coordinate("init", onHost("queue"))
        try #require(made.exit == .code(0), "\(made)")
        // Nobody works there yet, so what is never to change is changed still.
        let settings = outside(.a).appending("queue").appending("queue.json")
        let text = String(decoding: try LocalFileSystem().contents(of: settings, limit: 1 << 16), as: UTF8.self)
            .replacing("\"leaseSeconds\":120", with: "\"leaseSeconds\":\(lease)")
            .replacing("\"heartbeatSeconds\":10", with: "\"heartbeatSeconds\":1")
        try LocalFileSystem().overwrite(settings, contents: Array(text.utf8))
        let seen = try directory().settings
        try #require(seen.leaseSeconds == lease && seen.heartbeatSeconds == 1)
    }

    private func outside(_ host: MooseCluster.Host) -> FilePath { cluster.mount(of: host).appending(name) }

    private func onHost(_ file: String) -> String { cluster.shared.appending(name).appending(file).string }

    private func coordinate(_ arguments: String...) async throws -> ProgramResult {
        try await cluster.start(on: .a, Programs.coordinator, arguments).result()
    }

    /// Submits the campaign and gives its id.
    func submit() async throws -> CampaignID {
        let result = try await coordinate("submit", onHost("small.yaml"), "--queue", onHost("queue"))
        try #require(result.exit == .code(0), "\(result)")
        return try #require(CampaignID(result.line))
    }

    /// Starts a coordinator on a host.
    func coordinator(on host: MooseCluster.Host) throws -> RunningProgram {
        try cluster.start(on: host, Programs.coordinator, ["run", "--queue", onHost("queue")])
    }

    /// Starts a worker on a host.
    func worker(on host: MooseCluster.Host, _ options: String...) throws -> RunningProgram {
        let always = ["--queue", onHost("queue"), "--until-empty", "--threads", "1"]
        return try cluster.start(on: host, Programs.worker, always + options)
    }

    /// Cuts a host off while its worker is in the middle of a job, and gives the token of that job.
    func cutOff(
        _ host: MooseCluster.Host,
        _ cut: MooseCluster.Cut,
        _ worker: RunningProgram,
        _ campaign: CampaignID
    ) async throws -> Token {
        for _ in 0..<50 {
            let token = try await running(campaign, by: worker)
            // Stands still until the cut is made, so that the job does not end before.
            worker.signal(SIGSTOP)
            try await cluster.sever(host, cut)
            worker.signal(SIGCONT)
            let directory = try directory()
            let isInTheMiddle = try directory.fileSystem.isPresent(directory.path(of: token))
            if isInTheMiddle, (try? directory.result(of: token)) == nil { return token }
            try await cluster.mend(host, cut)
        }
        throw Unavailable("a worker in the middle of a job")
    }

    /// Starts a worker on each of some hosts.
    func workers(on hosts: MooseCluster.Host...) throws -> [RunningProgram] {
        try hosts.map { try worker(on: $0) }
    }

    /// The sequence numbers of workers' last heartbeats.
    func beats(of workers: [RunningProgram]) throws -> [UInt64] {
        try workers.map { try name(of: $0).flatMap { try directory().heartbeat(of: $0) }?.sequence ?? 0 }
    }

    /// Every token that says that a job is done, one by one: a job that is done twice shows twice.
    func doneTokens(of campaign: CampaignID) throws -> [Token] {
        let directory = try directory()
        return try directory.publishedBuckets(of: campaign).flatMap {
            try directory.tokens(in: .done, $0, of: campaign)
        }
    }

    /// Every token of a campaign that is not done.
    func otherTokens(of campaign: CampaignID) throws -> [Token] {
        let directory = try directory()
        return try directory.publishedBuckets(of: campaign).flatMap { bucket in
            try TokenFolder.allCases.filter { $0 != .done }.flatMap {
                try directory.tokens(in: $0, bucket, of: campaign)
            }
        }
    }

    // MARK: The end

    /// Waits for everybody's good end: the undisturbed report, and each job of the plan done once.
    func expectSameEnd(_ campaign: CampaignID, _ processes: [RunningProgram]) async throws {
        for process in processes {
            // A sync that meets the fault can wait in the file system itself for more than a minute and a half.
            let end = try await process.result(within: .seconds(600))
            #expect(end.exit == .code(0), "\(end)")
        }
        #expect(
            try await DistributedCampaign.report(of: campaign, in: self) == DistributedCampaign.large.undisturbed
        )
        let planned = try directory().plan(of: campaign).buckets.flatMap(\.jobs).map(\.id)
        #expect(try doneTokens(of: campaign).map(\.name.job).sorted() == planned.sorted())
        #expect(try otherTokens(of: campaign).isEmpty)
    }
}
