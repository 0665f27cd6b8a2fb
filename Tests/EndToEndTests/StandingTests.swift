// SPDX-License-Identifier: MIT

import Coordination
import Glibc
import JobStorage
import SystemPackage
import SystemSupport
import Testing

extension EndToEnd {
    /// Where campaigns and workers stand, as `status`, `wait` and `run` tell it.
    @Suite("Where everything stands", .serialized)
    struct StandingTests {
        private func prepared() async throws -> (Bench, CampaignID) {
            let bench = try await Bench()
            try Bench.copyImages(smallImages, to: bench.root.appending("images"))
            return (bench, try await bench.submit(bench.write("small.yaml", smallCampaign(images: "images"))))
        }

        @Test(
            "Where nobody is at work, `status`, `wait` and `why` say so, and how that is mended; LUCID_QUEUE names the queue"
        )
        func isDeserted() async throws {
            let (bench, campaign) = try await prepared()
            let lines = [
                "no coordinator is at work; start one with: lucid-coordinator run --queue \(bench.queue)",
                "no worker is there; start one with: lucid-worker --queue \(bench.queue)",
            ]
            let named = ["LUCID_QUEUE=\(bench.queue)", Programs.coordinator.string]
            let status = try await RunningProgram("/usr/bin/env", named + ["status"]).result()
            #expect(status.exit == .code(0) && status.output.contains("\(campaign): running, 0%"), "\(status)")
            let why = try await RunningProgram("/usr/bin/env", named + ["why", "small"]).result()
            #expect(why.output.contains("\(campaign) running\n"), "\(why)")
            for line in lines { #expect(status.output.contains(line) && why.output.contains(line), "\(status) \(why)") }
            let wait = try RunningProgram("/usr/bin/env", named + ["wait"])
            _ = try await eventually("a word of who is missing") {
                lines.allSatisfy { wait.complaints.contains($0) } ? true : nil
            }
            wait.signal(SIGINT)
            #expect(try await wait.result().exit == .code(2))
        }

        @Test("A worker takes its queue from LUCID_QUEUE and its time as Slurm writes it; none is asked for")
        func isNamedByTheEnvironment() async throws {
            let (bench, _) = try await prepared()
            let options = [Programs.worker.string, "--time-limit", "00:00:01", "--threads", "1"]
            let worker = try RunningProgram("/usr/bin/env", ["LUCID_QUEUE=\(bench.queue)"] + options)
            let end = try await worker.result(within: .seconds(30))
            #expect(end.exit == .code(0), "\(end)")
            let lost = try await RunningProgram("/usr/bin/env", ["-u", "LUCID_QUEUE"] + options).result()
            #expect(lost.exit == .code(64) && lost.complaints.contains("LUCID_QUEUE"), "\(lost)")
        }

        @Test("`run` tells of what ends under it, not of campaigns that had ended before")
        func tellsOnlyOfNew() async throws {
            let (bench, first) = try await prepared()
            let before = try await bench.coordinator(localWorkers: 1).result()
            #expect(before.exit == .code(0) && before.output.contains("\(first)"), "\(before)")
            let again = smallCampaign(name: "again", images: "images")
            let second = try await bench.submit(bench.write("again.yaml", again))
            let end = try await bench.coordinator(localWorkers: 1).result()
            #expect(end.exit == .code(0), "\(end)")
            #expect(end.output == "\(try bench.directory().reports(of: second))\n", "\(end)")
            #expect(!end.complaints.contains("\(first)"), "\(end)")
            #expect(end.complaints.contains("\(second) is done"), "\(end)")
        }

        @Test("A worker that was killed is told of, and is gone from `status` once its job is taken from it")
        func forgetsTheDead() async throws {
            let (bench, campaign) = try await prepared()
            // Nothing is to be had until the coordinator has seen the worker.
            try await succeed(Programs.coordinator, "pause", "--queue", bench.queue.string)
            let coordinator = try bench.coordinator()
            _ = try await eventually("a word of the coordinator") { coordinator.complaints.isEmpty ? nil : true }
            let worker = try bench.worker()
            _ = try await eventually("a word of the worker") {
                coordinator.complaints.contains("a worker came: ") ? true : nil
            }
            try await succeed(Programs.coordinator, "resume", "--queue", bench.queue.string)
            let token = try await bench.running(campaign, by: worker)
            let name = try #require(token.name.worker)
            worker.signal(SIGKILL)
            _ = try await eventually("its job for others") {
                try bench.tokens(.pending, of: campaign).first {
                    $0.name.job == token.name.job && $0.name.attempt.crashes == 1
                }
            }
            let queue = bench.queue.string
            let status = try await succeed(Programs.coordinator, "status", "--queue", queue, "--json")
            #expect(try status.json(QueueStatus.self).workers.isEmpty, "\(status)")
            let lines = try await succeed(Programs.coordinator, "status", "--queue", queue).output
            #expect(!lines.contains("dead") && lines.contains("no worker is there"), "\(lines)")
            #expect(try await succeed(Programs.coordinator, "workers", "--queue", queue).output.isEmpty)
            _ = try await eventually("a word of its end") {
                ["a worker died: \(name)", "a worker left: \(name)"].contains { coordinator.complaints.contains($0) }
                    ? true : nil
            }
            coordinator.signal(SIGTERM)
            _ = try await coordinator.result()
        }
    }
}
