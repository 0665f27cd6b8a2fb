// SPDX-License-Identifier: MIT

import Glibc
import JobStorage
import SystemPackage
import SystemSupport
import Testing

extension EndToEnd {
    @Suite("Asked to leave")
    struct SignalTests {
        @Test("SIGTERM makes a worker hand its job back and leave in peace")
        func worker() async throws {
            let bench = try await prepared()
            let campaign = try await bench.submit(bench.root.appending("small.yaml"))
            let coordinator = try bench.coordinator()
            _ = try await eventually("a published job") { try bench.tokens(.pending, of: campaign).first }
            coordinator.signal(SIGTERM)
            #expect(try await coordinator.result().exit == .code(2), "stopped before the end")

            let worker = try bench.worker()
            let job = try await bench.running(campaign, by: worker)
            worker.signal(SIGTERM)
            let end = try await worker.result()
            #expect(end.exit == .code(0), "\(end)")
            #expect(try bench.tokens(.running, of: campaign).isEmpty)
            let returned = try #require(bench.tokens(.returned, of: campaign).first { $0.name.job == job.name.job })
            #expect(returned.name.reason?.description == "r")
            try await finish(bench, campaign)
        }

        @Test("Ctrl-C on `run` ends the workers that it started, which hand back their jobs")
        func run() async throws {
            let bench = try await prepared()
            let campaign = try await bench.submit(bench.root.appending("small.yaml"))
            let coordinator = try bench.coordinator(localWorkers: 2)
            _ = try await eventually("a running job") { try bench.tokens(.running, of: campaign).first }
            coordinator.signalGroup(SIGINT)
            let end = try await coordinator.result()
            #expect(end.exit == .code(2) && end.output.isEmpty, "\(end)")
            #expect(end.complaints.contains("start it again to go on"))
            let directory = try bench.directory()
            for worker in try directory.workersWithHeartbeat() {
                let identity = try #require(directory.registration(of: worker)?.identity)
                #expect(identity.isProvablyDead(seenFrom: try HostIdentity.current()))
            }
            #expect(try bench.tokens(.running, of: campaign).isEmpty)
            try await finish(bench, campaign)
        }

        /// The rest of the campaign goes as if nothing had happened, and nobody is said to have crashed.
        private func finish(_ bench: Bench, _ campaign: CampaignID) async throws {
            let end = try await bench.coordinator(localWorkers: 2).result()
            #expect(end.exit == .code(0), "\(end)")
            let done = try bench.tokens(.done, of: campaign)
            #expect(!done.isEmpty && done.allSatisfy { $0.name.attempt.crashes == 0 && $0.name.attempt.failures == 0 })
        }

        private func prepared() async throws -> Bench {
            let bench = try await Bench()
            try Bench.copyImages(smallImages, to: bench.root.appending("images"))
            try bench.write("small.yaml", smallCampaign(images: "images"))
            return bench
        }
    }
}
