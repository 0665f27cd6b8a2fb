// SPDX-License-Identifier: MIT

import FoundationEssentials
import Glibc
import JobStorage
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

extension EndToEnd {
    /// Workers and coordinators killed, stopped and misled at random, while they compute a campaign of many short jobs.
    ///
    /// The moments of faults are random, and waiting for them is the point; the seed of the choice is printed.
    @Suite("Chaos", .serialized)
    struct ChaosTests {
        private static let files = ["cka.json", "cka.csv", "cka.npy", "debiased.npy"]
        private static let lease = Duration.seconds(3)

        private static let undisturbed = Task {
            let bench = try await ChaosTests().prepared()
            let campaign = try await bench.submit(bench.root.appending("chaos.yaml"))
            let end = try await bench.coordinator(localWorkers: 2).result(within: .seconds(300))
            try #require(end.exit == .code(0), "\(end)")
            return try files.map { try bench.report(campaign, $0) }
        }

        @Test("Killed, stopped and misled at random, a fleet computes the same bytes, each job once")
        func survivesAtRandom() async throws {
            let wanted = isLong ? 200 : 20
            var (kills, unreliableRenames) = (0, 0)
            var round: UInt64 = 0
            while kills < wanted {
                let seed = UInt64.random(in: 1...1_000_000) &+ round
                round += 1
                let counts = try await survive(kills: wanted - kills, seed: seed)
                kills += counts.kills
                unreliableRenames += counts.unreliableRenames
                print("chaos with seed \(seed): \(counts)")
            }
            #expect(kills >= wanted)
            #expect(unreliableRenames > 0)
        }

        @Test(
            "A disk that fills up again and again costs no job",
            .enabled(if: PrivateMounts.areAllowed, PrivateMounts.absence)
        )
        func survivesAFullDisk() async throws {
            let bench = try await prepared()
            let disk = bench.root.appending("disk")
            try LocalFileSystem().makeDirectory(disk)
            let script = """
                set -u
                mount -t tmpfs -o size=100m,mode=700 tmpfs "$1" || exit 99
                queue=$1/queue
                "$2" init "$queue" && id=$("$2" submit "$3" --queue "$queue") || exit 98
                for round in 1 2 3; do
                    "$2" run --queue "$queue" >/dev/null & coordinator=$!
                    "$4" --queue "$queue" --until-empty --threads 1 --quiet & worker=$!
                    before=$(find "$queue/done" -name '*.g1.*' | wc -l)
                    until [ "$(find "$queue/done" -name '*.g1.*' | wc -l)" -gt $((before + 5)) ]; do sleep 0.01; done
                    head -c 300000000 /dev/zero >"$1/filling" 2>/dev/null
                    wait $worker; echo "worker: $?"
                    rm "$1/filling"
                    kill $coordinator 2>/dev/null; wait $coordinator
                done
                "$2" run --queue "$queue" --local-workers 1 >/dev/null
                echo "run: $?, crashes or failures: $(find "$queue/done" -name '*.g1.*' | grep -vc '[.]c0[.]f0[.]')"
                cp "$queue/reports/$id"/cka.* "$queue/reports/$id"/debiased.npy "$5"
                """
            let output = bench.root.appending("output")
            try LocalFileSystem().makeDirectory(output)
            let arguments = [
                disk.string, Programs.coordinator.string, bench.root.appending("chaos.yaml").string,
                Programs.worker.string, output.string,
            ]
            let result = try await RunningProgram(
                "/usr/bin/unshare",
                PrivateMounts.options + ["/bin/sh", "-c", script, "sh"] + arguments
            ).result(within: .seconds(300))
            try #require(result.exit == .code(0), "\(result)")
            let expected = "worker: 2\nworker: 2\nworker: 2\nrun: 0, crashes or failures: 0\n"
            #expect(result.output == expected, "\(result)")
            let report = try Self.files.map { try LocalFileSystem().contents(of: output.appending($0), limit: 1 << 24) }
            #expect(try await report == Self.undisturbed.value)
        }

        @Test("A worker that is killed on the coordinator's machine is noticed within ten seconds")
        func isNoticedNearby() async throws {
            #expect(try await timeToNotice(unshared: false) < .seconds(10))
        }

        @Test(
            "A worker that vanishes elsewhere is noticed within 135 seconds by its silence alone",
            .enabled(if: isLong && PrivateMounts.areAllowed)
        )
        func isNoticedFarAway() async throws {
            // Seen from another pid namespace, nobody can prove that a process is gone.
            let time = try await timeToNotice(unshared: true)
            print("a vanished worker was noticed after \(time)")
            #expect(time > .seconds(110) && time < .seconds(135))
        }

        /// The time from a kill to the next attempt, with the leases of every queue.
        private func timeToNotice(unshared: Bool) async throws -> Duration {
            let bench = try await Bench()
            try Bench.copyImages(smallImages, to: bench.root.appending("images"))
            let campaign = try await bench.submit(bench.write("small.yaml", smallCampaign(images: "images")))
            let coordinator = try bench.coordinator()
            let options = [Programs.worker.string, "--queue", bench.queue.string, "--threads", "1", "--quiet"]
            let worker = try RunningProgram(
                "/usr/bin/env",
                (unshared ? ["unshare", "--pid", "--fork", "--kill-child"] : []) + options
            )
            let token = try await eventually("a running job") { try bench.tokens(.running, of: campaign).first }
            worker.signal(SIGKILL)
            let start = BootClock().now
            _ = try await eventually("the next attempt", within: .seconds(200)) {
                try bench.tokens(.pending, of: campaign).first {
                    $0.name.job == token.name.job && $0.name.attempt.crashes == 1
                }
            }
            let time = start.duration(to: BootClock().now)
            coordinator.signal(SIGTERM)
            _ = try await coordinator.result()
            return time
        }

        // MARK: One run

        private struct Counts: CustomStringConvertible {
            var kills = 0
            var stops = 0
            var farewells = 0
            var coordinators = 0
            var jumps = 0
            var unreliableRenames = 0

            var description: String {
                "\(kills) kills (\(coordinators) of coordinators), \(stops) stops past the lease, \(farewells) farewells, "
                    + "\(jumps) jumps of clocks, \(unreliableRenames) renames or links done and reported as failed"
            }
        }

        private func survive(kills: Int, seed: UInt64) async throws -> Counts {
            var numbers = SeededNumbers(seed: seed)
            var counts = Counts()
            let bench = try await prepared()
            let tools = try await DisturbanceTools(in: bench.root)
            try shortenLeases(bench)
            let campaign = try await bench.submit(bench.root.appending("chaos.yaml"))
            var coordinators = try (0..<2).map { _ in try bench.coordinator() }
            var workers = try Disturbance.allCases.map { try worker(bench, $0, tools) }
            var stopped: [RunningProgram] = []
            while try !bench.directory().isMerged(campaign), counts.kills < kills {
                try await Task.sleep(for: .milliseconds(.random(in: 20...600, using: &numbers)))
                let place = workers.indices.randomElement(using: &numbers) ?? 0
                let victim = workers[place]
                switch Int.random(in: 0..<10, using: &numbers) {
                case 0...4:
                    victim.signal(SIGKILL)
                    _ = try await victim.result()
                    counts.kills += 1
                case 5:
                    victim.signal(SIGTERM)
                    _ = try await victim.result()
                    counts.farewells += 1
                case 6, 7:
                    // Others take its job meanwhile; then it goes on as if nothing had been.
                    victim.signal(SIGSTOP)
                    stopped.append(victim)
                    counts.stops += 1
                case 8:
                    let index = coordinators.indices.randomElement(using: &numbers) ?? 0
                    coordinators[index].signal(SIGKILL)
                    _ = try await coordinators[index].result()
                    coordinators[index] = try bench.coordinator()
                    counts.kills += 1
                    counts.coordinators += 1
                    continue
                default:
                    try tools.setClock(hours: .random(in: -30...30, using: &numbers))
                    counts.jumps += 1
                    continue
                }
                let disturbance = Disturbance.allCases.randomElement(using: &numbers) ?? .none
                workers[place] = try worker(bench, disturbance, tools)
                if stopped.count > 2 { try await wake(&stopped, bench, campaign) }
            }
            try await wake(&stopped, bench, campaign)
            for coordinator in coordinators {
                let end = try await coordinator.result(within: .seconds(300))
                #expect(end.exit == .code(0), "seed \(seed): \(end)")
            }
            try await check(bench, campaign, seed)
            counts.unreliableRenames = tools.faultCount()
            return counts
        }

        /// Lets stopped workers go on after their attempts were given to others.
        private func wake(
            _ stopped: inout [RunningProgram],
            _ bench: Bench,
            _ campaign: CampaignID
        ) async throws {
            for worker in stopped {
                let name = try bench.name(of: worker)
                _ = try await eventually("a stopped worker's job in other hands") {
                    let held = try bench.tokens(.running, of: campaign).contains { $0.name.worker == name }
                    return held && name != nil ? nil : true
                }
                worker.signal(SIGCONT)
            }
            stopped = []
        }

        private func check(_ bench: Bench, _ campaign: CampaignID, _ seed: UInt64) async throws {
            let report = try Self.files.map { try bench.report(campaign, $0) }
            #expect(try await report == Self.undisturbed.value, "seed \(seed)")
            let directory = try bench.directory()
            let plan = try directory.plan(of: campaign)
            for bucket in plan.buckets {
                let done = try directory.tokens(in: .done, bucket.name, of: campaign)
                #expect(Set(done.map(\.name.job)).count == done.count, "seed \(seed): a job is done twice")
                for folder in TokenFolder.allCases where folder != .done {
                    let left = try directory.tokens(in: folder, bucket.name, of: campaign)
                    #expect(left.isEmpty, "seed \(seed): \(left)")
                }
            }
            let verified = try await run(Programs.coordinator, "verify", "--queue", bench.queue.string)
            #expect(verified.exit == .code(0), "seed \(seed): \(verified)")
        }

        private func worker(_ bench: Bench, _ disturbance: Disturbance, _ tools: DisturbanceTools) throws
            -> RunningProgram
        {
            let environment = disturbance.environment(tools, queue: bench.queue)
            let options = ["--queue", bench.queue.string, "--until-empty", "--threads", "1", "--quiet"]
            let program = try RunningProgram("/usr/bin/env", environment + [Programs.worker.string] + options)
            // Asked once: a worker that leaves in the middle of all this is one more disturbance, and only a crash is a fault.
            _ = program.exitNow()
            return program
        }

        /// Leases of three seconds, and no limit that so many kills would reach.
        private func shortenLeases(_ bench: Bench) throws {
            let file = bench.queue.appending("queue.json")
            let bytes = try LocalFileSystem().contents(of: file, limit: 1 << 16)
            var text = String(decoding: bytes, as: UTF8.self)
            for (key, value) in ["leaseSeconds": 3, "heartbeatSeconds": 1, "crashLimit": 1000, "failureLimit": 1000] {
                text = text.replacing(try Regex("\"\(key)\":[0-9]+"), with: "\"\(key)\":\(value)")
            }
            try LocalFileSystem().overwrite(file, contents: Array(text.utf8))
            #expect(try bench.directory().settings.lease == Self.lease)
        }

        private func prepared() async throws -> Bench {
            let bench = try await Bench()
            try Bench.copyImages(Array(smallImages.prefix(8)), to: bench.root.appending("images"))
            let text = """
                name: chaos
                models: {one: {weights: "seeded:10"}, two: {weights: "seeded:12"}}
                dataset: {images: images}
                cka: {layers: [logits, mixed5a_pool_reduce], epochs: 60, iterations: 1, batch_size: 6}
                """
            try bench.write("chaos.yaml", text)
            return bench
        }
    }
}
