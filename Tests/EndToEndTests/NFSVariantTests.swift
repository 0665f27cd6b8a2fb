// SPDX-License-Identifier: MIT

import Glibc
import JobStorage
import SystemPackage
import SystemSupport
import Testing

extension OnNetworks.NetworkFileSystemTests {
    /// The same on mounts, exports and machines of every other kind.
    @Suite("on mounts and servers of other kinds", .serialized, .enabled(if: isLong))
    struct Variants {
        @Test(
            "Mount options change how long it takes, and nothing else",
            arguments: [
                "vers=4.0", "vers=4.1", "vers=4.2,noac", "vers=4.2,actimeo=60", "vers=4.2,actimeo=600",
                "vers=4.2,lookupcache=none", "vers=4.2,lookupcache=positive", "vers=3,lookupcache=positive",
                "vers=4.2,soft,timeo=20,retrans=1",
            ]
        )
        func mountOptions(_ options: String) async throws {
            try await NFSCluster.with(options) { _ in try await OnNetworks.NetworkFileSystemTests.expectUndisturbed() }
        }

        @Test(
            "A server that is down for several leases costs time, and no worker is called lost",
            arguments: ["4.2", "3"]
        )
        func longOutage(version: String) async throws {
            try await NFSCluster.with("vers=\(version)") { _ in
                try await OnNetworks.NetworkFileSystemTests.expectARestartSurvived(after: .seconds(20))
            }
        }

        @Test(
            "Six workers on each machine finish three hundred short jobs, each in its first generation",
            arguments: ["vers=4.2", "vers=4.2,lookupcache=positive", "vers=3"]
        )
        func manyWorkers(_ options: String) async throws {
            try await NFSCluster.with(.init(options: options, memory: 2048)) { _ in
                try await OnNetworks.NetworkFileSystemTests.expectUndisturbed(.many, workersPerMachine: 6)
            }
        }

        @Test("With the lease that queues have, too", arguments: ["vers=4.2,actimeo=600", "vers=3,actimeo=600"])
        func longLease(_ options: String) async throws {
            try await NFSCluster.with(options) { _ in
                try await OnNetworks.NetworkFileSystemTests.expectUndisturbed(lease: 120)
            }
        }

        @Test(
            "With nfs-ganesha as server",
            .enabled(if: NFSCluster.obstacle(.ganesha) == nil, "there is no nfs-ganesha here"),
            arguments: ["vers=3", "vers=4.1", "vers=4.2", "vers=4.1,lookupcache=positive"]
        )
        func ganesha(_ options: String) async throws {
            try await NFSCluster.with(.init(options: options, server: .ganesha)) { _ in
                try await OnNetworks.NetworkFileSystemTests.expectUndisturbed()
                try await OnNetworks.NetworkFileSystemTests.expectARestartSurvived()
            }
        }

        @Test(
            "What is exported may be withdrawn, or be another disk, for a while",
            arguments: [
                // Withdrawn: the server knows no handle of it.
                ("exportfs -ua", "sh /run/export"),
                // Another one: it has none of the files.
                (
                    "exportfs -ua && mount -t tmpfs other /mnt/disk && sh /run/export",
                    "exportfs -ua && exportfs -f && umount --lazy /mnt/disk && sh /run/export"
                ),
            ],
            ["4.2", "3"]
        )
        func exportMadeAnew(_ commands: (withdraw: String, restore: String), version: String) async throws {
            try await NFSCluster.with("vers=\(version)") { cluster in
                let bench = try await NFSBench(lease: 20)
                let campaign = try await bench.submit()
                let programs = [try bench.coordinate("run"), try bench.worker(on: .a), try bench.worker(on: .b)]
                try await bench.done(3)
                try await cluster.shell(on: .s, commands.withdraw)
                try await Task.sleep(for: .seconds(8))
                try await cluster.shell(on: .s, commands.restore)
                let course = try await bench.expectSameEnd(campaign, programs)
                #expect(course.done.allSatisfy { $0.attempt.crashes == 0 }, "\(course.done.map(\.attempt))")
            }
        }

        @Test("An export that is full makes workers leave, and those that are started later go on")
        func fullExport() async throws {
            try await NFSCluster.with("vers=4.2") { cluster in
                try await expectFullnessSurvived(
                    try await NFSBench(lease: 20),
                    full: "dd if=/dev/zero of=/mnt/disk/filler bs=1M 2>/dev/null || sync",
                    free: "rm /mnt/disk/filler"
                )
            }
        }

        @Test("A user's quota that is used up does the same")
        func usedQuota() async throws {
            try await NFSCluster.with(.init(options: "vers=4.2", disk: "-O quota")) { cluster in
                try await cluster.shell(on: .s, "chmod 1777 /mnt/disk && quotaon -u /mnt/disk")
                try await expectFullnessSurvived(
                    try await NFSBench(lease: 20, user: 1000),
                    full: "setquota -u 1000 0 1 0 0 /mnt/disk",
                    free: "setquota -u 1000 0 0 0 0 /mnt/disk"
                )
            }
        }

        /// Runs a campaign during which nothing can be written for a while, by commands for the server.
        private func expectFullnessSurvived(_ bench: NFSBench, full: String, free: String) async throws {
            let campaign = try await bench.submit()
            let coordinator = try bench.coordinate("run")
            let victims = [try bench.worker(on: .a), try bench.worker(on: .b)]
            try await bench.done(3)
            try await bench.cluster.shell(on: .s, full)
            var words = ""
            for victim in victims { words += try await victim.result().complaints }
            #expect(words.contains("free some space"), "\(words)")
            try await bench.cluster.shell(on: .s, free)
            try await bench.expectSameEnd(campaign, [coordinator, try bench.worker(on: .a), try bench.worker(on: .b)])
        }

        @Test("Clocks that differ by an hour are nobody's business")
        func clocks() async throws {
            try await NFSCluster.with("vers=4.2") { cluster in
                try await cluster.shell(on: .b, "date --set '+1 hour'")
                try await OnNetworks.NetworkFileSystemTests.expectUndisturbed()
            }
        }

        @Test("Where root is nobody to the server, who owns the queue is named")
        func squashedRoot() async throws {
            try await NFSCluster.with(.init(options: "vers=4.2", export: "root_squash")) { cluster in
                try await cluster.shell(on: .s, "chmod 1777 /mnt/disk")
                let refused = try await refusal(on: cluster)
                #expect(refused.contains("--trust-owner"), "\(refused)")
            }
        }

        /// What is said of a queue that the server has given to nobody.
        private func refusal(on cluster: NFSCluster) async throws -> String {
            let made = try await cluster.start(on: .a, Programs.coordinator, ["init", "/mnt/shared/queue"]).result()
            let asked = try await cluster.start(
                on: .a,
                Programs.coordinator,
                ["status", "--queue", "/mnt/shared/queue"]
            )
            .result()
            return made.complaints + asked.complaints
        }

        @Test("It is the same when faults come at random, with two coordinators", arguments: 1...20)
        func faultsAtRandom(round: Int) async throws {
            try await NFSCluster.with(round.isMultiple(of: 2) ? "vers=4.2" : "vers=3") { cluster in
                let bench = try await NFSBench(lease: 4)
                let campaign = try await bench.submit()
                let programs = [
                    try bench.coordinate("run"), try bench.coordinate(on: .b, "run"), try bench.worker(on: .a),
                    try bench.worker(on: .b),
                ]
                for _ in 0..<4 where try await !bench.isMerged(campaign) {
                    try await Task.sleep(for: .milliseconds(.random(in: 0...2000)))
                    guard let host: NFSCluster.Host = [.a, .b, .s].randomElement(), host != .s else {
                        try await cluster.restart(.s, after: .milliseconds(.random(in: 0...8000)))
                        continue
                    }
                    try await cluster.setLink(of: host, isUp: false)
                    try await Task.sleep(for: .milliseconds(.random(in: 0...9000)))
                    try await cluster.setLink(of: host, isUp: true)
                }
                try await bench.expectSameEnd(campaign, programs)
            }
        }
    }
}
