// SPDX-License-Identifier: MIT

import Coordination
import FoundationEssentials
import Glibc
import JobStorage
import SystemPackage
import SystemSupport
import Testing

extension EndToEnd {
    /// What users ask and order when something is wrong, with the real programs.
    @Suite("A queue in trouble", .serialized)
    struct TroubleTests {
        private struct Count: Decodable {
            let jobs: Int
        }

        private struct Named: Decodable {
            let id: String
            let state: String
        }

        private func prepared() async throws -> (Bench, CampaignID) {
            let bench = try await Bench()
            try Bench.copyImages(smallImages, to: bench.root.appending("images"))
            try bench.write("small.yaml", smallCampaign(images: "images"))
            return (bench, try await bench.submit(bench.root.appending("small.yaml")))
        }

        private func ask(_ bench: Bench, _ words: String...) async throws -> ProgramResult {
            try await RunningProgram(Programs.coordinator, words + ["--queue", bench.queue.string, "--json"]).result()
        }

        @Test("A worker whose job directory has vanished says so once, and goes on when it is back")
        func outlivesItsDirectory() async throws {
            let bench = try await Bench()
            let settings = bench.queue.appending("queue.json")
            let text = String(decoding: try LocalFileSystem().contents(of: settings, limit: 1 << 16), as: UTF8.self)
                .replacing("\"heartbeatSeconds\":10", with: "\"heartbeatSeconds\":1")
            try LocalFileSystem().overwrite(settings, contents: Array(text.utf8))
            let worker = try RunningProgram(Programs.worker, ["--queue", bench.queue.string, "--threads", "1"])
            let directory = try bench.directory()
            func beats() throws -> UInt64? {
                try directory.workersWithHeartbeat().first.flatMap { directory.heartbeat(of: $0) }?.sequence
            }
            _ = try await eventually("a heartbeat") { try beats() }
            let away = bench.root.appending("away")
            try LocalFileSystem().rename(bench.queue, to: away)
            let complaints = ["heartbeat failed", "looking for work failed"]
            _ = try await eventually("both complaints") {
                complaints.allSatisfy { worker.complaints.contains($0) } ? true : nil
            }
            #expect(!worker.complaints.contains("again"), "\(worker.complaints)")
            try LocalFileSystem().rename(away, to: bench.queue)
            let before = try #require(try beats())
            _ = try await eventually("heartbeats again") { try beats().map { $0 > before } == true ? true : nil }
            _ = try await eventually("a word of it") {
                ["heartbeats are written again", "work can be looked for again"].allSatisfy {
                    worker.complaints.contains($0)
                } ? true : nil
            }
            for complaint in complaints {
                #expect(worker.complaints.components(separatedBy: complaint).count == 2, "\(worker.complaints)")
            }
            worker.signal(SIGTERM)
            #expect(try await worker.result().exit == .code(0))
        }

        @Test("A campaign whose images vanished fails; why and logs tell the reason, and retry ends it well")
        func failsAndIsRetried() async throws {
            let (bench, campaign) = try await prepared()
            let hidden = bench.root.appending("hidden")
            try LocalFileSystem().rename(bench.root.appending("images"), to: hidden)
            let failed = try await bench.coordinator(localWorkers: 1).result()
            #expect(failed.exit == .code(1), "\(failed)")
            #expect(failed.complaints.contains("retry"))

            let waited = try await ask(bench, "wait")
            #expect(waited.exit == .code(1))
            #expect(try waited.json([Named].self).map(\.state) == ["failed"])
            let jobs = try await ask(bench, "jobs", "--state", "failed").json([JobEntry].self)
            #expect(jobs.count == 2)
            #expect(jobs.allSatisfy { $0.kind == "activations" && $0.campaign == campaign })
            let waiting = try await ask(bench, "jobs", campaign.description, "--state", "waiting").json([JobEntry].self)
            #expect(waiting.count > 6)

            let job = try #require(jobs.first)
            let why = try await ask(bench, "why", String(job.id.description.prefix(10))).json(JobExplanation.self)
            #expect(why.entry == job)
            #expect(why.attempts.map(\.attempt) == [1, 2, 3])
            #expect(why.attempts.allSatisfy { $0.message.contains("images") })
            let blocked = try await ask(bench, "why", "small/\(waiting[0].id)").json(JobExplanation.self)
            #expect(!Set(blocked.waitsFor).isDisjoint(with: jobs.map(\.id)))
            let log = try await ask(bench, "logs", job.id.description, "--attempt", "2").json([LogRecord].self)
            #expect(log.map(\.attempt.number) == [2])

            let whole = try await ask(bench, "why", "small").json(CampaignExplanation.self)
            #expect(whole.id == campaign && whole.state == .failed && whole.jobs["activations"]?.failed == 2)
            #expect(whole.failed.count == 2 && whole.failed.allSatisfy { $0.contains("images") }, "\(whole)")
            #expect(whole.explanation.first == "2 jobs could not be done" && whole.explanation[1].contains("retry"))

            try LocalFileSystem().rename(hidden, to: bench.root.appending("images"))
            #expect(try await ask(bench, "retry", "--failed").json(Count.self).jobs == 2)
            let end = try await bench.coordinator(localWorkers: 1).result()
            #expect(end.exit == .code(0), "\(end)")
            #expect(try await ask(bench, "wait", "small").exit == .code(0))
            let again = try await ask(bench, "why", job.id.description).json(JobExplanation.self)
            #expect(again.entry.state == .done)
            #expect(again.entry.generation == 2)
            let verified = try await ask(bench, "verify")
            #expect(verified.exit == .code(0), "\(verified)")
        }

        @Test("A paused queue begins nothing, a resumed one goes on, and a drained worker leaves")
        func isPausedAndDrained() async throws {
            let (bench, campaign) = try await prepared()
            #expect(try await ask(bench, "pause").exit == .code(0))
            let coordinator = try bench.coordinator()
            _ = try await eventually("published jobs") { try bench.tokens(.pending, of: campaign).first }
            let worker = try bench.worker()
            let name = try await eventually("the worker") { try bench.name(of: worker) }
            let listed = try await ask(bench, "workers").json([Named].self)
            #expect(listed.map(\.id) == [name.description])
            #expect(try await ask(bench, "status").output.contains("\"paused\""))
            #expect(try bench.tokens(.pending, of: campaign).count == 2)
            let why = try await ask(bench, "why", "small").json(CampaignExplanation.self)
            #expect(
                why.state == .paused && why.explanation.contains { $0.hasPrefix("the queue is paused; go on with") }
            )
            #expect(try await ask(bench, "drain", name.host).exit == .code(0))
            let left = try await worker.result()
            #expect(left.exit == .code(0), "\(left)")
            #expect(try bench.tokens(.done, of: campaign).isEmpty)
            #expect(try await ask(bench, "resume").exit == .code(0))
            let second = try bench.worker()
            #expect(try await coordinator.result().exit == .code(0))
            #expect(try await second.result().exit == .code(0))
        }

        @Test("A cancelled campaign hands back what runs, ends at once and says why")
        func isCancelled() async throws {
            let (bench, campaign) = try await prepared()
            let coordinator = try bench.coordinator()
            let worker = try bench.worker()
            _ = try await bench.running(campaign, by: worker)
            let cancelled = try await ask(bench, "cancel", "small", "--reason", "wrong weights")
            #expect(cancelled.exit == .code(0), "\(cancelled)")
            let end = try await coordinator.result()
            #expect(end.exit == .code(1), "\(end)")
            #expect(end.complaints.contains("was cancelled: wrong weights"))
            #expect(try await worker.result().exit == .code(0))
            #expect(try await ask(bench, "status").output.contains("\"cancelled\""))
            let why = try await ask(bench, "why", campaign.description).json(CampaignExplanation.self)
            #expect(why.explanation.first == "it was cancelled: wrong weights" && why.failed.isEmpty, "\(why)")
            #expect(try bench.tokens(.running, of: campaign).isEmpty)
            #expect(try bench.tokens(.pending, of: campaign).isEmpty)
        }

        @Test("Doctor finds nothing wrong with a local folder, and sees the same directory through another mount")
        func isExamined() async throws {
            let (bench, _) = try await prepared()
            let link = bench.root.appending("other")
            try await symbolicLink(link, to: bench.queue)
            let result = try await ask(bench, "doctor", "--other-mount", link.string)
            #expect(result.exit == .code(0), "\(result)")
            for check in ["rename", "links", "races", "mount options", "sync", "visibility"] {
                #expect(result.output.contains("\"name\":\"\(check)\""), "\(check)")
            }
            #expect(!result.output.contains("\"failure\""))
        }

        @Test("Verify finds what was broken, repair mends it, and prune shows and removes what nobody needs")
        func isRepaired() async throws {
            let (bench, campaign) = try await prepared()
            #expect(try await bench.coordinator(localWorkers: 1).result().exit == .code(0))
            let token = try #require(try bench.tokens(.done, of: campaign).first { !$0.bucket.description.isEmpty })
            try LocalFileSystem().remove(bench.directory().path(of: token))
            let verified = try await ask(bench, "verify")
            #expect(verified.exit == .code(1))
            #expect(verified.output.contains("\"lost-job\""))
            let dry = try await ask(bench, "repair", "--dry-run")
            #expect(dry.exit == .code(1))
            #expect(try await ask(bench, "verify").exit == .code(1), "a dry run mends nothing")
            let repaired = try await ask(bench, "repair")
            #expect(repaired.exit == .code(0) && repaired.complaints.contains("problems: 1 to be mended by a worker"))
            #expect(repaired.complaints.contains("start: lucid-worker --queue \(bench.queue) --until-empty"))
            #expect(try await ask(bench, "verify").exit == .code(0))

            let planned = try await ask(bench, "prune", "--older", "0s", "--dry-run")
            #expect(planned.output.contains("\"dry_run\":true"))
            let listed = try await run(
                Programs.coordinator,
                "prune",
                "--older",
                "0s",
                "--dry-run",
                "--queue",
                bench.queue.string
            ).output
            for what in [
                "activations of mixed3a_1x1 of one\tfor \(campaign)\n",
                "\tGram matrix of activations of logits of two\tfor ",
                "\theartbeat, registration and log of a worker on ", ", last heard of ",
            ] { #expect(listed.contains(what), "\(what) in \(listed)") }
            #expect(try bench.directory().arrays().isEmpty == false)
            #expect(try await ask(bench, "prune", "--older", "0s").exit == .code(0))
            #expect(try bench.directory().arrays().isEmpty)
        }

        @Test(
            "What cannot be meant is refused with the reason",
            arguments: [
                (["why", "ff"], 65, "too short"), (["why", "ffffffff"], 65, "there is no job"),
                (["retry"], 64, "--failed"),
                (["cancel", "nothing"], 65, "there is no campaign"), (["drain", "nobody"], 65, "there is no worker"),
                (["prune", "--older", "soon"], 64, "is no time"),
                (["prune", "--older", "30"], 64, "has no unit"), (["jobs", "--state", "odd"], 64, "state"),
            ]
        )
        func isRefused(_ words: [String], _ code: Int32, _ message: String) async throws {
            let (bench, _) = try await prepared()
            let result = try await RunningProgram(
                Programs.coordinator,
                words + ["--queue", bench.queue.string]
            ).result()
            #expect(result.exit == .code(code), "\(result)")
            #expect(result.complaints.contains(message), "\(result)")
            #expect(try LocalFileSystem().names(in: bench.queue.appending("control")).isEmpty)
        }

        private func symbolicLink(_ link: FilePath, to target: FilePath) async throws {
            #expect(unsafe symlink(target.string, link.string) == 0)
        }
    }
}
