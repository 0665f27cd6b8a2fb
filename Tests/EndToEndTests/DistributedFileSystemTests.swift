// SPDX-License-Identifier: MIT

import Coordination
import JobStorage
import SystemPackage
import SystemSupport
import Testing

extension EndToEnd {
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
        private static let files = ["cka.json", "cka.csv", "cka.npy", "debiased.npy", "heatmaps/logits.png"]

        /// Two networks, three layers and six epochs: some dozens of jobs, most of them as short as jobs are.
        private static let campaign = """
            name: small
            models:
              one: {weights: "seeded:10"}
              two: {weights: "seeded:12"}
            dataset: {images: "images"}
            cka: {layers: [mixed3a_1x1, mixed4a_3x3, logits], epochs: 6, iterations: 3, batch_size: 4}
            """

        /// The report of one worker on a local folder that nothing disturbs.
        private static let undisturbed = Task {
            let bench = try await Bench()
            try Bench.copyImages(smallImages, to: bench.root.appending("images"))
            let campaign = try await bench.submit(bench.write("small.yaml", Self.campaign))
            let coordinator = try bench.coordinator(localWorkers: 1)
            let end = try await coordinator.result()
            try #require(end.exit == .code(0), "\(end)")
            return try report(bench, campaign)
        }

        @Test(
            "A host that is cut off past its lease loses its job, and its late word is refused",
            arguments: MooseCluster.Cut.allCases,
            ["activations", "gram"]
        )
        func survivesAHostThatIsCutOff(_ cut: MooseCluster.Cut, in kind: String) async throws {
            let bench = try await prepared(lease: 4)
            let campaign = try await bench.submit()
            let coordinator = try bench.coordinator(on: .a)
            let victim = try bench.worker(on: .b, "--kinds", kind)
            // The victim is alone with jobs that come first; for later ones it has company that makes their inputs.
            var others = kind == "activations" ? [] : try workers(bench, on: .a, .c)
            let lost = try await bench.cutOff(.b, cut, victim, campaign)
            if others.isEmpty { others = try workers(bench, on: .a, .c) }

            let done = try await eventually("the lost job, done elsewhere") {
                try bench.doneTokens(of: campaign).first { $0.name.job == lost.name.job }
            }
            #expect(done.name.worker != lost.name.worker)
            #expect(done.name.attempt.number > lost.name.attempt.number)
            #expect(done.name.attempt.crashes > lost.name.attempt.crashes)

            try await bench.cluster.mend(.b, cut)
            try await expectSameEnd(bench, campaign, [coordinator, victim] + others)
            let words = LogReader(try bench.directory()).records(of: [lost.name.job]).filter {
                $0.worker == lost.name.worker && $0.attempt == lost.name.attempt
            }
            #expect(words.last?.outcome == "fenced", "\(words)")
        }

        @Test("The metadata server may restart while jobs are run, and no worker is called lost")
        func survivesARestartOfTheServer() async throws {
            let bench = try await prepared(lease: 20)
            let campaign = try await bench.submit()
            let coordinator = try bench.coordinator(on: .a)
            let workers = try workers(bench, on: .a, .b, .c)
            _ = try await eventually("a job") { try bench.tokens(.running, of: campaign).first }
            try await bench.cluster.restartMaster()
            #expect(try !bench.directory().isMerged(campaign))

            try await expectSameEnd(bench, campaign, [coordinator] + workers)
            #expect(try bench.doneTokens(of: campaign).allSatisfy { $0.name.attempt.crashes == 0 })
        }

        @Test(
            "A coordinator that is cut off takes no job from workers that it does not see",
            arguments: MooseCluster.Cut.allCases
        )
        func survivesACoordinatorThatIsCutOff(_ cut: MooseCluster.Cut) async throws {
            let bench = try await prepared(lease: 4)
            let campaign = try await bench.submit()
            let coordinator = try bench.coordinator(on: .a)
            let workers = try workers(bench, on: .b, .c)
            _ = try await eventually("a job") { try bench.tokens(.running, of: campaign).first }
            try await bench.cluster.sever(.a, cut)
            let first = try beats(bench, workers)
            _ = try await eventually("two leases' worth of heartbeats of both workers") {
                try zip(beats(bench, workers), first).allSatisfy { $0 >= $1 + 8 } ? true : nil
            }
            #expect(try !bench.directory().isMerged(campaign))
            try await bench.cluster.mend(.a, cut)

            try await expectSameEnd(bench, campaign, [coordinator] + workers)
            #expect(try bench.doneTokens(of: campaign).allSatisfy { $0.name.attempt == .first })
        }

        @Test(
            "It is the same when faults come at random, with two coordinators",
            .enabled(if: isLong),
            arguments: 1...10
        )
        func survivesFaultsAtRandom(round: Int) async throws {
            let bench = try await prepared(lease: 4)
            let campaign = try await bench.submit()
            let coordinators = [try bench.coordinator(on: .a), try bench.coordinator(on: .c)]
            let workers = try workers(bench, on: .a, .b, .c)
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
            try await expectSameEnd(bench, campaign, coordinators + workers)
        }

        // MARK: Parts

        private func prepared(lease: Int) async throws -> MooseBench {
            try await MooseBench(lease: lease, campaign: Self.campaign, images: smallImages)
        }

        private func workers(_ bench: MooseBench, on hosts: MooseCluster.Host...) throws -> [RunningProgram] {
            try hosts.map { try bench.worker(on: $0) }
        }

        /// The sequence numbers of workers' last heartbeats.
        private func beats(_ bench: MooseBench, _ workers: [RunningProgram]) throws -> [UInt64] {
            try workers.map {
                try bench.name(of: $0).flatMap { try bench.directory().heartbeat(of: $0) }?.sequence ?? 0
            }
        }

        /// Waits for everybody's end and compares the report with the undisturbed one.
        private func expectSameEnd(
            _ bench: MooseBench,
            _ campaign: CampaignID,
            _ processes: [RunningProgram]
        ) async throws {
            for process in processes {
                let end = try await process.result()
                #expect(end.exit == .code(0), "\(end)")
            }
            #expect(try await Self.report(bench, campaign) == Self.undisturbed.value)
            let planned = try bench.directory().plan(of: campaign).buckets.flatMap(\.jobs).map(\.id)
            #expect(try bench.doneTokens(of: campaign).map(\.name.job).sorted() == planned.sorted())
            #expect(try bench.otherTokens(of: campaign).isEmpty)
        }

        private static func report(_ bench: some ObservedQueue, _ campaign: CampaignID) throws -> [String: [UInt8]] {
            try Dictionary(uniqueKeysWithValues: files.map { ($0, try bench.report(campaign, $0)) })
        }
    }
}
