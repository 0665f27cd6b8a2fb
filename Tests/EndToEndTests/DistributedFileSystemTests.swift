// SPDX-License-Identifier: MIT

import Coordination
import JobStorage
import SystemPackage
import SystemSupport
import Testing

extension OnNetworks {
    /// One campaign on MooseFS with a coordinator and workers on three hosts, each with a mount of its own.
    ///
    /// Whatever comes between them, the result has the bytes of a run on a local folder, and no job is counted twice.
    @Suite(
        "On a distributed file system and a network that fails",
        .serialized,
        .enabled(if: MooseCluster.obstacle == nil, MooseCluster.absence),
        OnMooseFS()
    )
    struct DistributedFileSystemTests {
        @Test(
            "A host that is cut off past its lease loses its job, and its late word is refused",
            arguments: MooseCluster.Cut.allCases,
            ["activations", "gram"]
        )
        func survivesAHostThatIsCutOff(_ cut: MooseCluster.Cut, in kind: String) async throws {
            let bench = try await MooseBench(lease: 4)
            let campaign = try await bench.submit()
            let coordinator = try bench.coordinator(on: .a)
            let victim = try bench.worker(on: .b, "--kinds", kind)
            // The victim is alone with jobs that come first; for later ones it has company that makes their inputs.
            var others = kind == "activations" ? [] : try bench.workers(on: .a, .c)
            let lost = try await bench.cutOff(.b, cut, victim, campaign)
            if others.isEmpty { others = try bench.workers(on: .a, .c) }

            let done = try await eventually("the lost job, done elsewhere") {
                try bench.doneTokens(of: campaign).first { $0.name.job == lost.name.job }
            }
            #expect(done.name.worker != lost.name.worker)
            #expect(done.name.attempt.number > lost.name.attempt.number)
            #expect(done.name.attempt.crashes > lost.name.attempt.crashes)

            try await bench.cluster.mend(.b, cut)
            try await bench.expectSameEnd(campaign, [coordinator, victim] + others)
            let words = LogReader(try bench.directory()).records(of: [lost.name.job]).filter {
                $0.worker == lost.name.worker && $0.attempt == lost.name.attempt
            }
            #expect(words.last?.outcome == "fenced", "\(words)")
        }

        @Test("The metadata server may restart while jobs are run, and no worker is called lost")
        func survivesARestartOfTheServer() async throws {
            let bench = try await MooseBench(lease: 20)
            let campaign = try await bench.submit()
            let coordinator = try bench.coordinator(on: .a)
            let workers = try bench.workers(on: .a, .b, .c)
            _ = try await eventually("a job") { try bench.tokens(.running, of: campaign).first }
            try await bench.cluster.restartMaster()
            #expect(try !bench.directory().isMerged(campaign))

            try await bench.expectSameEnd(campaign, [coordinator] + workers)
            #expect(try bench.doneTokens(of: campaign).allSatisfy { $0.name.attempt.crashes == 0 })
        }

        @Test("A coordinator that is cut off takes no job from workers that it does not see")
        func survivesACoordinatorThatIsCutOff() async throws {
            let bench = try await MooseBench(lease: 4)
            let campaign = try await bench.submit()
            let coordinator = try bench.coordinator(on: .a)
            let workers = try bench.workers(on: .b, .c)
            _ = try await eventually("a job") { try bench.tokens(.running, of: campaign).first }
            try await bench.cluster.sever(.a, .link)
            let first = try bench.beats(of: workers)
            _ = try await eventually("two leases' worth of heartbeats of both workers") {
                try zip(bench.beats(of: workers), first).allSatisfy { $0 >= $1 + 8 } ? true : nil
            }
            #expect(try !bench.directory().isMerged(campaign))
            try await bench.cluster.mend(.a, .link)

            try await bench.expectSameEnd(campaign, [coordinator] + workers)
            #expect(try bench.doneTokens(of: campaign).allSatisfy { $0.name.attempt == .first })
        }

        @Test(
            "It is the same when faults come at random, with two coordinators",
            .enabled(if: isLong),
            arguments: 1...10
        )
        func survivesFaultsAtRandom(round: Int) async throws {
            let bench = try await MooseBench(lease: 4)
            let campaign = try await bench.submit()
            let coordinators = [try bench.coordinator(on: .a), try bench.coordinator(on: .c)]
            let workers = try bench.workers(on: .a, .b, .c)
            for _ in 0..<6 where try !bench.directory().isMerged(campaign) {
                try await Task.sleep(for: .milliseconds(.random(in: 0...1500)))
                guard let cut = MooseCluster.Cut.allCases.randomElement(), .random(in: 0..<4) > 0 else {
                    try await bench.cluster.restartMaster()
                    continue
                }
                let hosts: [MooseCluster.Host] = Bool.random() ? [.a] : Bool.random() ? [.b] : [.a, .b]
                for host in hosts { try await bench.cluster.sever(host, cut) }
                try await Task.sleep(for: .milliseconds(.random(in: 0...8000)))
                for host in hosts { try await bench.cluster.mend(host, cut) }
            }
            try await bench.expectSameEnd(campaign, coordinators + workers)
        }
    }

    /// The same on mounts that answer with errors when they have waited for two seconds, as NFS's option `soft` does.
    @Suite(
        "On a distributed file system that reports errors when its network fails",
        .enabled(if: MooseCluster.obstacle == nil, MooseCluster.absence),
        OnMooseFS(options: ["mfstimeout=2,mfsioretries=3"])
    )
    struct ImpatientMountTests {
        @Test("What fails while the network is gone is no failure of the job")
        func countsNoFailures() async throws {
            let bench = try await MooseBench(lease: 20)
            let campaign = try await bench.submit()
            let coordinator = try bench.coordinator(on: .a)
            let others = try bench.worker(on: .c, "--kinds", "activations,hsic")
            let victim = try bench.worker(on: .b, "--kinds", "gram")
            let excuse = "while the job directory could not be reached"
            for outage in 1...10 where !victim.complaints.contains(excuse) {
                _ = try await bench.cutOff(.b, .link, victim, campaign)
                _ = try await eventually("a heartbeat that cannot be written") {
                    victim.complaints.split(separator: "heartbeat failed").count > outage ? true : nil
                }
                try await bench.cluster.mend(.b, .link)
                let reached = try bench.beats(of: [victim])
                _ = try await eventually("heartbeats again") {
                    try bench.beats(of: [victim])[0] > reached[0] + 1 ? true : nil
                }
            }
            try await bench.expectSameEnd(campaign, [coordinator, others, victim])
            #expect(victim.complaints.contains(excuse))
            #expect(try bench.doneTokens(of: campaign).allSatisfy { $0.name.attempt.failures == 0 })
        }
    }
}
