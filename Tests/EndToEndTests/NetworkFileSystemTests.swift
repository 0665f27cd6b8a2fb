// SPDX-License-Identifier: MIT

import Glibc
import JobStorage
import SystemPackage
import SystemSupport
import Testing

extension OnNetworks {
    /// Campaigns on NFS with a coordinator and workers on two machines, mounted as users mount it.
    ///
    /// Whatever comes between them, the result has the bytes of a run on a local folder, and no job is done anew that was
    /// done: clients remember for up to a minute what was not there.
    @Suite("On NFS", .serialized, .enabled(if: NFSCluster.obstacle == nil, NFSCluster.absence))
    enum NetworkFileSystemTests {
        @Suite("version 4.2", .serialized, OnNFS(options: "vers=4.2"))
        struct Version4Tests {
            @Test(
                """
                Nothing is called missing on the word of a cache, with two coordinators and both machines at work, while two \
                machines measure what one sees of the other
                """
            )
            func isUndisturbedAndMeasured() async throws {
                async let measures = expectMeasured()
                try await expectUndisturbed()
                let lines = try await measures
                // The cache is there, and was not believed.
                for name in ["remembered absence", "remembered name"] {
                    #expect(
                        lines.contains { $0.hasPrefix("ok\t\(name): ") && $0.contains("not within") },
                        "\(lines)"
                    )
                }
            }

            @Test("A worker that is killed leaves its job to another, and nothing else is done anew")
            func survivesAKilledWorker() async throws { try await expectAKilledWorkerReplaced() }

            @Test("A machine whose cable is out past the lease loses its job, and its late word is refused")
            func survivesACable() async throws { try await expectACableSurvived() }

            @Test("The server's power may go while jobs are run, and no worker is called lost")
            func survivesAServer() async throws { try await expectARestartSurvived() }
        }

        @Suite("version 3", .serialized, OnNFS(options: "vers=3"))
        struct Version3Tests {
            @Test("Nothing is called missing on the word of a cache, with two coordinators and both machines at work")
            func isUndisturbed() async throws { try await expectUndisturbed() }

            @Test("The server's power may go while jobs are run, and no worker is called lost")
            func survivesAServer() async throws { try await expectARestartSurvived() }
        }

        static func expectUndisturbed(
            _ content: DistributedCampaign = .small,
            lease: Int = 4,
            workersPerMachine: Int = 1
        ) async throws {
            let bench = try await NFSBench(content, lease: lease)
            let campaign = try await bench.submit()
            let start = ContinuousClock.now
            var programs = [try bench.coordinate("run"), try bench.coordinate(on: .b, "run")]
            for _ in 0..<workersPerMachine { programs += [try bench.worker(on: .a), try bench.worker(on: .b)] }
            let course = try await bench.expectSameEnd(campaign, programs)
            print("on \(bench.cluster.title): \(counted(course.done.count, "job")) in \(start.duration(to: .now))")
            #expect(course.done.allSatisfy { $0.attempt == .first }, "\(course.done.map(\.attempt))")
        }

        static func expectAKilledWorkerReplaced() async throws {
            let bench = try await NFSBench(lease: 4)
            let campaign = try await bench.submit()
            let coordinator = try bench.coordinate("run")
            let (victim, other) = (try bench.worker(on: .b), try bench.worker(on: .a))
            let lost = try await bench.running(on: .b)
            victim.signal(SIGKILL)
            #expect(try await victim.result().exit == .signal(SIGKILL))
            let course = try await bench.expectSameEnd(campaign, [coordinator, other])
            // It may have ended its job just before.
            let done = try #require(course.done.first { $0.job == lost.job })
            #expect(done.attempt.crashes <= 1 && done.attempt.failures == 0)
        }

        static func expectACableSurvived() async throws {
            let bench = try await NFSBench(lease: 4)
            let campaign = try await bench.submit()
            let coordinator = try bench.coordinate("run")
            let workers = [try bench.worker(on: .b), try bench.worker(on: .a)]
            let lost = try await bench.cutOff(.b)
            _ = try await eventually("the lost job, taken away") {
                try await bench.tokens(in: .running).contains(lost) ? nil : true
            }
            try await bench.cluster.setLink(of: .b, isUp: true)
            let course = try await bench.expectSameEnd(campaign, [coordinator] + workers)
            let done = try #require(course.done.first { $0.job == lost.job })
            #expect(done.attempt.crashes > lost.attempt.crashes)
            let words = course.outcomes.filter { $0.worker == lost.worker && $0.attempt == lost.attempt }
            #expect(words.last { $0.job == lost.job }?.outcome == "fenced", "\(words)")
        }

        /// Lets doctors on two machines measure what one sees of the other, and gives what they find, a line each.
        @discardableResult
        static func expectMeasured() async throws -> [Substring] {
            let bench = try await NFSBench(lease: 4)
            let first = try bench.coordinate("doctor", "--with", "b")
            let code = try await eventually("the code") {
                first.complaints.firstMatch(of: /--join ([0-9]+)/).map { String($0.output.1) }
            }
            let second = try bench.coordinate(on: .b, "doctor", "--join", code)
            let end = try await first.result()
            #expect(try await second.result().exit == .code(0))
            #expect(end.exit == .code(0), "\(end)")
            let lines = end.output.split(separator: "\n")
            for name in ["absent name", "replaced file", "overwritten file", "removed file", "renamed file"] {
                #expect(lines.contains { $0.hasPrefix("ok\t\(name): ") }, "\(end)")
            }
            return lines
        }

        static func expectARestartSurvived(after pause: Duration = .zero) async throws {
            let bench = try await NFSBench(lease: 4)
            let campaign = try await bench.submit()
            let programs = [try bench.coordinate("run"), try bench.worker(on: .a), try bench.worker(on: .b)]
            try await bench.done(5)
            try await bench.cluster.restart(.s, after: pause)
            let course = try await bench.expectSameEnd(campaign, programs)
            #expect(course.done.allSatisfy { $0.attempt.crashes == 0 }, "\(course.done.map(\.attempt))")
        }
    }
}
