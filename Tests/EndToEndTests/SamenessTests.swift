// SPDX-License-Identifier: MIT

import Glibc
import JobStorage
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

extension EndToEnd {
    /// One campaign, computed by fleets that differ and through faults, always to the same bytes.
    @Suite("The same result from any fleet", .serialized)
    struct SamenessTests {
        private static let files = ["cka.json", "cka.csv", "cka.npy", "debiased.npy", "heatmaps/logits.png"]

        /// The report of one worker with one thread that nothing disturbs.
        private static let undisturbed = Task {
            try await SamenessTests().report { bench, _ in [try bench.worker()] }
        }

        @Test(
            "It is the same byte for byte whatever the workers have",
            arguments: [
                [["--threads", "3", "--memory", "4GiB"]],
                [["--threads", "1", "--memory", "384MiB"], ["--threads", "2"]],
                [["--threads", "2", "--memory", "512MiB"], ["--threads", "1"], ["--threads", "1"]],
            ]
        )
        func isTheSameForAnyFleet(_ fleet: [[String]]) async throws {
            let report = try await report { bench, _ in
                try fleet.map {
                    try RunningProgram(Programs.worker, ["--queue", bench.queue.string, "--until-empty"] + $0)
                }
            }
            #expect(try await report == Self.undisturbed.value)
        }

        @Test("It is the same when a worker is killed in the middle of a job")
        func survivesAKilledWorker() async throws {
            let report = try await report { bench, campaign in
                let victim = try bench.worker()
                let job = try await bench.running(campaign, by: victim)
                victim.signal(SIGKILL)
                #expect(try await victim.result().exit == .signal(SIGKILL))
                #expect(try !bench.tokens(.done, of: campaign).contains { $0.name.job == job.name.job })
                return [try bench.worker("--threads", "2")]
            }
            #expect(try await report == Self.undisturbed.value)
        }

        @Test("It is the same when the coordinator is killed and started again")
        func survivesAKilledCoordinator() async throws {
            let bench = try await prepared()
            let campaign = try await bench.submit(bench.root.appending("small.yaml"))
            let first = try bench.coordinator()
            let worker = try bench.worker()
            _ = try await eventually("a done job") { try bench.tokens(.done, of: campaign).first }
            first.signal(SIGKILL)
            #expect(try await first.result().exit == .signal(SIGKILL))
            let second = try bench.coordinator()
            #expect(try await second.result().exit == .code(0))
            #expect(try await worker.result().exit == .code(0))
            #expect(try await files(bench, campaign) == Self.undisturbed.value)
        }

        @Test("It is the same when workers are killed again and again", .enabled(if: isLong))
        func survivesManyKilledWorkers() async throws {
            for round in 0..<10 {
                let report = try await report { bench, campaign in
                    for _ in 0..<4 {
                        let victim = try bench.worker()
                        _ = try await bench.running(campaign, by: victim)
                        try await Task.sleep(for: .milliseconds(.random(in: 0...1500)))
                        victim.signal(SIGKILL)
                        _ = try await victim.result()
                    }
                    return [try bench.worker(), try bench.worker()]
                }
                #expect(try await report == Self.undisturbed.value, "round \(round)")
            }
        }

        /// Runs the campaign with a coordinator and the workers that `fleet` starts, and gives the report's files.
        private func report(
            fleet: (Bench, CampaignID) async throws -> [RunningProgram]
        ) async throws -> [String: [UInt8]] {
            let bench = try await prepared()
            let campaign = try await bench.submit(bench.root.appending("small.yaml"))
            let coordinator = try bench.coordinator()
            let workers = try await fleet(bench, campaign)
            let end = try await coordinator.result()
            #expect(end.exit == .code(0), "\(end)")
            for worker in workers {
                let end = try await worker.result()
                #expect(end.exit == .code(0), "\(end)")
            }
            return try files(bench, campaign)
        }

        private func prepared() async throws -> Bench {
            let bench = try await Bench()
            try Bench.copyImages(smallImages, to: bench.root.appending("images"))
            try bench.write("small.yaml", smallCampaign(images: "images"))
            return bench
        }

        private func files(_ bench: Bench, _ campaign: CampaignID) throws -> [String: [UInt8]] {
            try Dictionary(uniqueKeysWithValues: Self.files.map { ($0, try bench.report(campaign, $0)) })
        }
    }
}

/// Whether the long tests are wanted.
let isLong = environmentValue("LUCID_LONG") != nil
