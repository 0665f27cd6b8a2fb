// SPDX-License-Identifier: MIT

import FoundationEssentials
import Glibc
import JobStorage
import SystemPackage
import SystemSupport
import TensorStorage
import Testing

extension EndToEnd {
    /// What goes wrong with pictures is said, and mended where it can be.
    @Suite("Atlases in trouble")
    struct AtlasTroubleTests {
        @Test("A neuron whose numbers overflow says so, and the others of its job are pictured")
        func overflows() async throws {
            let bench = try await Bench()
            let file = try bench.write(
                "overflow.yaml",
                """
                name: overflow
                models:
                  broken: {weights: "seeded:10", edits: [{set: "conv2d2:3", value: 1.0e+38}]}
                lucid: {neurons: ["conv2d2:2-4"], size: 32, thresholds: [2]}
                """
            )
            let campaign = try await bench.submit(file)
            let coordinator = try bench.coordinator()
            #expect(try await bench.worker().result().exit == .code(0))
            let end = try await coordinator.result()
            let report = try await succeed(
                Programs.coordinator,
                "report",
                campaign.description,
                "--queue",
                bench.queue.string
            )
            for words in [end.complaints, report.complaints] {
                #expect(words.contains("1 of 3 pictures failed; the reasons stand in ") && words.contains("index.json"))
            }
            let index = try bench.index(of: campaign)
            #expect(index.pictures.map(\.neuron) == ["conv2d2:2", "conv2d2:3", "conv2d2:4"])
            #expect(index.pictures.map { $0.error == nil } == [true, false, true])
            #expect(index.pictures.map { $0.file == nil } == [false, true, false])
            #expect(try #require(index.pictures[1].error).contains("is not finite at step 1"))
        }

        @Test("A direction whose numbers are too large is what the reason names")
        func namesTheDirection() async throws {
            let bench = try await Bench()
            let direction = (0..<32).map { _ in Float(3e38) }
            try bench.write("direction.npy", NumPyFile.encode(direction.span, shape: [32]))
            let file = try bench.write(
                "large.yaml",
                """
                name: large
                models: {one: {weights: "seeded:10"}}
                lucid: {neurons: mixed3a_5x5, size: 40, thresholds: [2], objective: {direction: direction.npy}}
                """
            )
            let campaign = try await bench.submit(file)
            try await AtlasTests.end(bench, [try bench.worker()])
            let error = try #require(try bench.index(of: campaign).pictures.first?.error)
            #expect(error.contains("the direction has numbers as large as 3e+38"), "\(error)")
        }

        @Test("A result that was damaged is made again, and no picture is listed twice")
        func mendsDamagedResults() async throws {
            let bench = try await Bench()
            let file = try bench.write(
                "mended.yaml",
                """
                name: mended
                models: {one: {weights: "seeded:10"}, two: {weights: "seeded:12"}}
                lucid: {neurons: ["conv2d0:0-1", "conv2d1:0-1"], size: 32, thresholds: [1]}
                """
            )
            let campaign = try await bench.submit(file)
            try await AtlasTests.end(bench, [try bench.worker()])
            let expected = try bench.atlas(of: campaign)
            let directory = try bench.directory()
            let last = try #require(bench.tokens(.done, of: campaign).max { $0.name.job < $1.name.job })
            let find = ["-c", "find \"$1\" -name \"$2*\" -type f -exec truncate -s -1 {} +", "sh"]
            let results = directory.root.appending("results").string
            let damage = try RunningProgram("/bin/sh", find + [results, last.name.job.description])
            #expect(try await damage.result().exit == .code(0))
            try LocalFileSystem().removeTree(directory.reports(of: campaign))
            // A worker of its own, since every job is done until the coordinator has looked at the results.
            let end = try await bench.coordinator(localWorkers: 1).result()
            #expect(end.exit == .code(0), "\(end)")
            #expect(try bench.atlas(of: campaign) == expected)
            #expect(try bench.index(of: campaign).pictures.count == 8)
        }

        @Test("A report ends with 65 where a file has its place, and with 1 where files of it are damaged")
        func reportsTrouble() async throws {
            let bench = try await Bench()
            let file = try bench.write(
                "one.yaml",
                """
                name: one
                models: {one: {weights: "seeded:10"}}
                lucid: {neurons: ["conv2d0:0"], size: 32, thresholds: [1]}
                """
            )
            let campaign = try await bench.submit(file)
            #expect(try await bench.coordinator(localWorkers: 1).result().exit == .code(0))
            func ends(_ command: String..., with code: Int32) async throws -> String {
                let options = command + ["--queue", bench.queue.string]
                let result = try await RunningProgram(Programs.coordinator, options).result()
                #expect(result.exit == .code(code), "\(command): \(result)")
                return result.output + result.complaints
            }
            let refusal = try await ends("report", "one", "--output", file.string, with: 65)
            #expect(refusal.contains("one.yaml\" is a file, or below one; name a folder for the report"))
            _ = try await ends("report", "one", "--output", bench.root.appending("results").string, with: 0)
            let sheet = try bench.directory().reports(of: campaign).pushing("atlas/one/conv2d0/sheet.png")
            try LocalFileSystem().remove(sheet)
            let damage = try await ends("report", "one", with: 1)
            #expect(damage.contains("atlas/one/conv2d0/sheet.png") && damage.contains("lucid-coordinator repair"))
            #expect(try await ends("verify", with: 1).contains("damaged-report: \(campaign)"))
            #expect(try await ends("repair", with: 0).contains("is written anew"))
            _ = try await ends("report", "one", with: 0)
            #expect(try LocalFileSystem().isPresent(sheet))
        }

        @Test("A worker with too little memory says how much it needs, and the job stays for another")
        func needsMemory() async throws {
            let bench = try await Bench()
            let campaign = try await bench.submit(bench.write("atlas.yaml", AtlasTests.twoModels("['mixed4a_1x1:0']")))
            let coordinator = try bench.coordinator()
            let worker = try await bench.worker("--memory", "100MiB").result()
            #expect(worker.exit == .code(2), "\(worker)")
            #expect(worker.complaints.contains("start the worker with --memory"))
            #expect(try bench.tokens(.failed, of: campaign).isEmpty)
            coordinator.signal(SIGTERM)
            _ = try await coordinator.result()
        }
    }
}
