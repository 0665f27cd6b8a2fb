// SPDX-License-Identifier: MIT

import JobStorage
import SystemPackage
import SystemSupport
import Testing

extension EndToEnd {
    @Suite("What was done is not done again")
    struct ReuseTests {
        @Test("A campaign is recognised, and another one over the same networks and images finds its arrays")
        func isRecognised() async throws {
            let bench = try await Bench()
            try Bench.copyImages(smallImages, to: bench.root.appending("images"))
            let text = smallCampaign(name: "first", images: "images")
            let campaign = try await bench.submit(bench.write("first.yaml", text))
            let changed = try bench.write("commented.yaml", "# A comment\n\(text)\n# and one more\n")
            for file in [bench.root.appending("first.yaml"), changed] {
                let again = try await succeed(
                    Programs.coordinator,
                    "submit",
                    file.string,
                    "--queue",
                    bench.queue.string
                )
                #expect(again.line == campaign.description)
                #expect(again.complaints.contains("submitted before"))
                #expect(try bench.directory().campaigns() == [campaign])
            }
            let end = try await bench.coordinator(localWorkers: 2).result()
            #expect(end.exit == .code(0), "\(end)")

            // Runs without anybody who could make activations or Gram matrices.
            let before = try await shards(bench)
            #expect(before.count > 6)
            let second = try await bench.submit(
                bench.write("second.yaml", smallCampaign(name: "second", images: "images"))
            )
            #expect(second != campaign)
            let worker = try bench.worker("--kinds", "hsic")
            let secondEnd = try await bench.coordinator().result()
            #expect(secondEnd.exit == .code(0), "\(secondEnd)")
            #expect(try await worker.result().exit == .code(0))
            #expect(try await shards(bench) == before)
            #expect(try bench.report(second, "cka.npy") == bench.report(campaign, "cka.npy"))
        }

        /// Every file of every array, with its inode and times of change.
        private func shards(_ bench: Bench) async throws -> [Substring] {
            let format = "%p %i %s %T@ %C@\\n"
            let arrays = bench.queue.appending("arrays").string
            let result = try await succeed("/usr/bin/find", arrays, "-path", "*/c/*", "-type", "f", "-printf", format)
            return result.output.split(separator: "\n").sorted()
        }
    }
}
