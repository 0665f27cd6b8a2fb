// SPDX-License-Identifier: MIT

import FoundationEssentials
import Glibc
import JobStorage
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

extension EndToEnd {
    /// That no test waits for the dead, or passes over them.
    @Suite("Programs that die")
    struct CasualtyTests {
        private func prepared() async throws -> (Bench, CampaignID) {
            let bench = try await Bench()
            try Bench.copyImages(smallImages, to: bench.root.appending("images"))
            return (bench, try await bench.submit(bench.write("small.yaml", smallCampaign(images: "images"))))
        }

        @Test("Whoever waits for a coordinator whose worker has crashed is told at once, in the worker's last words")
        func endsTheWait() async throws {
            let (bench, campaign) = try await prepared()
            let coordinator = try bench.coordinator()
            let worker = try untraced(Programs.worker, ["--queue", bench.queue.string, "--threads", "1"])
            _ = try await bench.running(campaign, by: worker)
            // Not by the method that tells signals of a test's own.
            kill(worker.pid, SIGILL)
            let casualty = await #expect(throws: Casualty.self) { try await coordinator.result() }
            let words = try #require(casualty).description
            for part in ["the end of \(coordinator.title)", "\(worker.title) ended by signal(4)"] {
                #expect(words.contains(part), "\(words)")
            }
            coordinator.signal(SIGTERM)
            #expect(try await coordinator.result().exit == .code(2), "told once, and not again")
        }

        @Test("Whoever waits while a worker has left with a complaint is told it")
        func tellsOfComplaints() async throws {
            let (bench, _) = try await prepared()
            let coordinator = try bench.coordinator()
            let worker = try bench.worker("--memory", "1M")
            let casualty = await #expect(throws: Casualty.self) { try await coordinator.result() }
            #expect(try #require(casualty).description.contains("\(worker.title) ended by code("))
            coordinator.signal(SIGTERM)
            _ = try await coordinator.result()
        }

        @Test("A crash that nobody looks at is an issue all the same")
        func isRecorded() async throws {
            try await withKnownIssue {
                let program = try RunningProgram("/bin/sh", ["-c", "kill -ILL $$"])
                try await becomesZombie(program.pid)
            } matching: { issue in
                issue.comments.contains { $0.rawValue.contains("ended by signal(4)") }
            }
        }

        @Test("The last words are the top of the trace, in either of its scripts, or else the last lines")
        func lastWords() {
            for sign in ["💣 Program crashed", "*** Program crashed", "*** Signal 4"] {
                let text = "working\n\(sign): Illegal instruction\nThread 3\n" + String(repeating: "0x0\n", count: 99)
                #expect(Fleet.words(of: text, atMost: 2).hasPrefix("\(sign): Illegal instruction\nThread 3\n"))
                #expect(Fleet.words(of: text, atMost: 2).split(separator: "\n").count == 17)
                #expect(Fleet.tellsOfCrash(text))
            }
            #expect(Fleet.words(of: "one\ntwo\nthree\n", atMost: 2) == "two\nthree")
            #expect(!Fleet.tellsOfCrash("local worker died exit=signal(9)\na campaign, *** and so on\n"))
        }

        @Test("What the test has killed by itself is no issue")
        func isExpected() async throws {
            let program = try RunningProgram("/bin/sleep", ["60"])
            program.signal(SIGKILL)
            #expect(try await program.result().exit == .signal(SIGKILL))
        }

        @Test("The crash of a worker that `run` has started is an issue, though another takes its place")
        func isRecordedOfLocalWorkers() async throws {
            let (bench, campaign) = try await prepared()
            let coordinator = try untraced(
                Programs.coordinator,
                ["run", "--queue", bench.queue.string, "--local-workers", "1"]
            )
            let token = try await eventually("a running job") { try bench.tokens(.running, of: campaign).first }
            let name = try #require(token.name.worker)
            let identity = try #require(try bench.directory().registration(of: name)?.identity)
            kill(identity.pid, SIGSEGV)
            try await withKnownIssue {
                let end = try await coordinator.result()
                try #require(end.exit == .code(0), "\(end)")
            } matching: { issue in
                issue.comments.contains { $0.rawValue.contains("tells of a crash") }
            }
        }

        /// Starts a program that a signal ends at once: the handler that writes a trace lets a process go on that has no fault.
        private func untraced(_ program: FilePath, _ arguments: [String]) throws -> RunningProgram {
            try RunningProgram("/usr/bin/env", ["SWIFT_BACKTRACE=enable=no", program.string] + arguments)
        }

        /// Waits until a process has ended that nobody has asked for its end.
        private func becomesZombie(_ pid: Int32) async throws {
            for _ in 0..<2000 {
                let stat = try Data(contentsOf: URL(filePath: "/proc/\(pid)/stat"))
                if String(decoding: stat, as: UTF8.self).contains(") Z ") { return }
                try await Task.sleep(for: .milliseconds(5))
            }
            throw Unavailable("the end of process \(pid)")
        }
    }
}
