// SPDX-License-Identifier: MIT

import FoundationEssentials
import JobStorage
import Networks
import SystemPackage
import SystemSupport
import TensorStorage
import TestSupport
import Testing

extension EndToEnd {
    @Suite("The reference's networks and images")
    struct GoldenTests {
        @Test("CKA is the reference's, all report files are there, and Python reads every array")
        func golden() async throws {
            let bench = try await Bench()
            try bench.write("b.safetensors", encodeSafetensors(Golden.networkB(), metadata: [:]))
            let campaign = try await bench.submit(bench.write("golden.yaml", Self.campaign))
            let end = try await bench.coordinator(localWorkers: 2).result()
            #expect(end.exit == .code(0), "\(end)")
            #expect(end.line == (try bench.directory().reports(of: campaign).string))

            try Golden.checkSimilarities(bench.report(campaign, "cka.json"), names: ["A": "A", "B": "B", "C": "C"])
            try checkFiles(bench, campaign)
            try await checkWithPython(bench.directory().reports(of: campaign))
            try await checkStatus(bench, campaign)
        }

        private static let layers = ["conv2d2", "mixed4a_3x3", "mixed5b_1x1", "logits"]

        private static let campaign = """
            name: golden
            models:
              A: {weights: "seeded:10"}
              B: {weights: b.safetensors}
              C: {weights: "seeded:12"}
            dataset: {images: "\(Package.images)"}
            cka: {layers: [conv2d2, mixed4a_3x3, mixed5b_1x1, logits], epochs: 3, iterations: 4, batch_size: 8}
            """

        // MARK: Files

        private func checkFiles(_ bench: Bench, _ campaign: CampaignID) throws {
            struct CKA: Decodable {
                let campaign: String
                let estimator: String
                let images: Int
                let epochs: Int
            }
            struct Index: Decodable {
                struct Images: Decodable {
                    struct Label: Decodable {
                        let counts: [String: Int]
                    }

                    let count: Int
                    let skipped: Int
                    let labels: [Label]
                }

                let images: Images
            }
            struct Success: Decodable {
                let campaign: String
                let jobs: [String: Int]
                let versions: [String: String]
                let files: [String: String]
            }
            func decoded<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
                try JSONDecoder().decode(type, from: Data(bench.report(campaign, name)))
            }
            let cka = try decoded(CKA.self, "cka.json")
            #expect(cka.campaign == campaign.description && cka.estimator == "full")
            #expect((cka.images, cka.epochs) == (32, 3))

            let lines = try String(decoding: bench.report(campaign, "cka.csv"), as: UTF8.self).split(separator: "\n")
            let header = try #require(lines.first).split(separator: ",")
            #expect(Set(["layer", "layer_b", "a", "b", "cka", "debiased", "reason"]).isSubset(of: Set(header)))
            #expect(lines.count == 13)

            for name in ["cka.npy", "debiased.npy"] {
                let array = try NumPyFile(parsing: bench.report(campaign, name))
                #expect(array.shape == [4, 3, 3] && array.elementType == .float64)
            }
            for layer in Self.layers {
                #expect(try bench.report(campaign, "heatmaps/\(layer).png").starts(with: [0x89, 0x50, 0x4e, 0x47]))
            }

            let index = try decoded(Index.self, "index.json")
            #expect(index.images.count == 64 && index.images.skipped == 0)
            #expect(index.images.labels.count == 40)
            #expect(index.images.labels.allSatisfy { $0.counts["-1", default: 0] + $0.counts["1", default: 0] == 64 })

            let success = try decoded(Success.self, "SUCCESS.json")
            #expect(success.campaign == campaign.description && !success.versions.isEmpty)
            #expect(Set(success.jobs.keys) == ["activations", "gram", "hsic"])
            #expect(success.files.count == 11)
            for (name, digest) in success.files {
                #expect(ContentDigest(of: try bench.report(campaign, name)).hexadecimal == digest, "\(name)")
            }
        }

        private func checkStatus(_ bench: Bench, _ campaign: CampaignID) async throws {
            struct Status: Decodable {
                struct Campaign: Decodable {
                    let id: String
                    let state: String
                    let jobs: [String: [String: Int]]
                }

                struct Worker: Decodable {
                    let id: String
                    let host: String
                    let state: String
                    let jobs: [String]
                }

                let campaigns: [Campaign]
                let workers: [Worker]
            }
            let result = try await succeed(Programs.coordinator, "status", "--json", "--queue", bench.queue.string)
            let status = try result.json(Status.self)
            #expect(status.campaigns.map(\.id) == [campaign.description])
            #expect(status.campaigns.map(\.state) == ["done"])
            #expect(status.workers.isEmpty)
            for (kind, counts) in status.campaigns.first?.jobs ?? [:] {
                #expect(Set(counts.keys) == ["waiting", "pending", "running", "done", "failed"], "\(kind)")
            }
        }

        // MARK: Python

        /// Reads a report as README shows it, and every array of activations.
        private func checkWithPython(_ report: FilePath) async throws {
            let readme = try LocalFileSystem().contents(of: Package.root.appending("README.md"), limit: 1 << 20)
            let lines = String(decoding: readme, as: UTF8.self).split(separator: "```python\n", maxSplits: 1)
            let example = try #require(lines.last?.split(separator: "```", maxSplits: 1).first)
            let script = """
                import sys, warnings
                warnings.simplefilter("ignore")
                report = sys.argv[1]
                \(example)
                assert activations.ndim == 4, activations.shape
                layers, models = index["axes"]["layers"], index["axes"]["models"]
                for row in rows:
                    cell = cka[layers.index(row["layer"]), models.index(row["a"]), models.index(row["b"])]
                    assert cell == float(row["cka"]), row
                assert len(index["arrays"]) == len(layers) * len(models)
                for entry in index["arrays"]:
                    array = zarr.open(entry["path"], mode="r")
                    values = array[:]
                    assert array.attrs["layer"] == entry["layer"], dict(array.attrs)
                    assert values.dtype == numpy.float32 and values.ndim == (2 if entry["layer"] == "logits" else 4)
                    assert numpy.isfinite(values).all() and values.std() > 0, entry
                print(len(rows), len(index["arrays"]))
                """
            let result = try await succeed(python(), "-c", script, report.string)
            #expect(result.line == "12 12")
        }
    }
}
