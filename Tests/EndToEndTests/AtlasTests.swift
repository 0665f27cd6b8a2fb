// SPDX-License-Identifier: MIT

import FoundationEssentials
import Glibc
import ImageCoding
import JobStorage
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import TensorStorage
import Testing

extension EndToEnd {
    /// Pictures of neurons, from a campaign file to the merged atlas, by real programs.
    @Suite("Atlases", .serialized)
    struct AtlasTests {
        // MARK: The same atlas from any fleet

        /// The atlas of one worker with two threads that nothing disturbs.
        private static func undisturbed(_ neurons: String) async throws -> [String: ContentDigest] {
            let bench = try await Bench()
            let campaign = try await bench.submit(bench.write("atlas.yaml", twoModels(neurons)))
            let worker = try bench.worker("--threads", "2")
            try await end(bench, [worker])
            return try bench.atlas(of: campaign)
        }

        static func twoModels(_ neurons: String) -> String {
            """
            name: atlas
            models:
              one: {weights: "seeded:10"}
              two: {weights: "seeded:12"}
            lucid: {neurons: \(neurons), thresholds: [16]}
            """
        }

        @Test("It is complete and the same byte for byte when one of three workers is killed")
        func survivesAKilledWorker() async throws {
            let neurons =
                isLong
                ? "[mixed4a_3x3, mixed3b_3x3, 'conv2d2:0-115']"
                : "['conv2d0:0-15', 'conv2d1:0-15', 'conv2d2:0-15', 'mixed3a_1x1:0-2']"
            let expected = try await Self.undisturbed(neurons)
            let pictures = expected.keys.filter { $0.hasSuffix(".png") && !$0.hasSuffix("sheet.png") }
            #expect(pictures.count == (isLong ? 1024 : 102))

            let bench = try await Bench()
            let campaign = try await bench.submit(bench.write("atlas.yaml", Self.twoModels(neurons)))
            let coordinator = try bench.coordinator()
            let workers = try (0..<3).map { _ in try bench.worker() }
            _ = try await bench.running(campaign, by: workers[1])
            workers[1].signal(SIGKILL)
            #expect(try await workers[1].result().exit == .signal(SIGKILL))
            for worker in [workers[0], workers[2]] {
                let end = try await worker.result(within: .seconds(isLong ? 3600 : 600))
                #expect(end.exit == .code(0), "\(end)")
            }
            let end = try await coordinator.result()
            #expect(end.exit == .code(0), "\(end)")
            #expect(try bench.atlas(of: campaign) == expected)
        }

        // MARK: What can be asked for

        struct Variation: Sendable, CustomTestStringConvertible {
            let testDescription: String
            let lucid: String
            let files: Set<String>
        }

        static let variations = [
            Variation(
                testDescription: "several thresholds",
                lucid: "neurons: ['conv2d2:5'], thresholds: [1, 3]",
                files: ["conv2d2/0005.png", "conv2d2/0005-t1.png", "conv2d2/0005-t3.png"]
            ),
            Variation(
                testDescription: "pictures that differ",
                lucid: "neurons: ['mixed3a_1x1:1-2'], thresholds: [2], diversity: 2",
                files: Set((1...2).flatMap { ["mixed3a_1x1/000\($0)-d0.png", "mixed3a_1x1/000\($0)-d1.png"] })
            ),
            Variation(
                testDescription: "a direction",
                lucid: "neurons: mixed3a_5x5, thresholds: [2], objective: {direction: direction.npy}",
                files: ["mixed3a_5x5/direction.png"]
            ),
            Variation(
                testDescription: "the middle, as the original lucid",
                lucid: "neurons: ['mixed4b_pool_reduce:63'], thresholds: [2], objective: center, compat: lucid",
                files: ["mixed4b_pool_reduce/0063.png"]
            ),
            Variation(
                testDescription: "a negative neuron without transforms",
                lucid: "neurons: ['conv2d0:0'], thresholds: [2], objective: negative, transforms: none",
                files: ["conv2d0/0000.png"]
            ),
        ]

        @Test("Everything that can be asked for gives its pictures", arguments: variations)
        func gives(_ variation: Variation) async throws {
            let bench = try await Bench()
            let direction = (0..<32).map { Float($0 % 3) - 1 }
            try bench.write("direction.npy", NumPyFile.encode(direction.span, shape: [32]))
            let file = try bench.write(
                "variation.yaml",
                """
                name: variation
                models: {one: {weights: "seeded:10"}, other: {weights: "seeded:10", batch_norm: true}}
                lucid: {\(variation.lucid), size: 40}
                """
            )
            let campaign = try await bench.submit(file)
            try await Self.end(bench, [try bench.worker()])
            let pictures = try bench.atlas(of: campaign).keys.filter {
                $0.hasSuffix(".png") && !$0.hasSuffix("sheet.png")
            }
            #expect(
                Set(pictures) == Set(["one", "other"].flatMap { model in variation.files.map { "\(model)/\($0)" } })
            )
            let index = try bench.index(of: campaign)
            #expect(index.pictures.count == pictures.count - (pictures.contains("one/conv2d2/0005-t3.png") ? 2 : 0))
            let isDirection = variation.lucid.contains("direction")
            #expect(index.parameters.size == 40 && (index.parameters.direction != nil) == isDirection)
            for picture in index.pictures {
                #expect(picture.trace.count == picture.threshold && picture.objective != nil && picture.error == nil)
                let name = try #require(picture.file)
                let image = try decodeImage(bench.report(campaign, "atlas/\(name)"), limits: .standard)
                #expect((image.width, image.height) == (40, 40))
            }
        }

        @Test("Pictures that are to differ do, and the same pictures come from a batch of other neurons")
        func doesNotDependOnTheBatch() async throws {
            func pictures(_ neurons: String, _ settings: String = "") async throws -> [String: ContentDigest] {
                let bench = try await Bench()
                let file = try bench.write(
                    "batch.yaml",
                    """
                    name: batch
                    models: {one: {weights: "seeded:10"}}
                    lucid: {neurons: [\(neurons)], thresholds: [3], size: 48\(settings)}
                    """
                )
                let campaign = try await bench.submit(file)
                try await Self.end(bench, [try bench.worker("--threads", "2")])
                return try bench.atlas(of: campaign)
            }
            let all = try await pictures("'mixed3a_3x3:0-10'")
            let some = try await pictures("'mixed3a_3x3:7', 'mixed3a_3x3:3'")
            for name in ["0003", "0007"].map({ "one/mixed3a_3x3/\($0).png" }) {
                #expect(all[name] != nil && all[name] == some[name])
            }
            let diverse = try await pictures("'mixed3a_3x3:7'", ", diversity: 2")
            #expect(diverse["one/mixed3a_3x3/0007-d0.png"] != diverse["one/mixed3a_3x3/0007-d1.png"])
        }

        // MARK: Other instructions

        @Test("A reproducible campaign has the same bytes where other instructions are forced, another has not")
        func isReproducible() async throws {
            func atlas(pinned: Bool, forced: String?) async throws -> [String: ContentDigest] {
                let bench = try await Bench()
                let file = try bench.write(
                    "pinned.yaml",
                    """
                    name: pinned
                    models: {one: {weights: "seeded:10"}}
                    lucid: {neurons: ["mixed3a_3x3:0-3"], size: 40, thresholds: [4]}
                    reproducible: \(pinned)
                    """
                )
                let campaign = try await bench.submit(file)
                let coordinator = try bench.coordinator()
                let setting = forced.map { ["ONEDNN_MAX_CPU_ISA=\($0)"] } ?? []
                let worker = try RunningProgram(
                    "/usr/bin/env",
                    setting + [Programs.worker.string, "--queue", bench.queue.string, "--until-empty"]
                )
                let end = try await worker.result()
                #expect(end.exit == .code(0), "\(end)")
                #expect(try await coordinator.result().exit == .code(0))
                return try bench.atlas(of: campaign).filter { $0.key.hasSuffix("0.png") || $0.key == "index.json" }
            }
            let pinned = try await atlas(pinned: true, forced: nil)
            #expect(try await atlas(pinned: true, forced: "SSE41") == pinned)
            #expect(try await atlas(pinned: true, forced: "AVX2") == pinned)
            let free = try await atlas(pinned: false, forced: "AVX2")
            #expect(try await atlas(pinned: false, forced: "SSE41") != free, "what is forced makes a difference")
        }

        // MARK: Images of the data set

        @Test("Where the campaign has a layer's activations, the images that drive its neurons most stand beside them")
        func namesExemplars() async throws {
            let bench = try await Bench()
            try Bench.copyImages(smallImages, to: bench.root.appending("images"))
            let file = try bench.write(
                "both.yaml",
                """
                name: both
                models: {one: {weights: "seeded:10"}, two: {weights: "seeded:12"}}
                dataset: {images: images}
                activations: {layers: [mixed3a_1x1]}
                lucid: {neurons: ["mixed3a_1x1:4-6", "conv2d0:1"], size: 32, thresholds: [1]}
                """
            )
            let campaign = try await bench.submit(file)
            let end = try await bench.coordinator(localWorkers: 1).result()
            #expect(end.exit == .code(0), "\(end)")
            let index = try bench.index(of: campaign)
            #expect(index.exemplars.count == 2 * 3 * 4)
            let array = try bench.activations(of: campaign, model: "two", layer: "mixed3a_1x1")
            let pixels = array.shape[2] * array.shape[3]
            // The means of channel 5, found the slow way.
            let means = (0..<array.shape[0]).map { image in
                let first = (image * array.shape[1] + 5) * pixels
                return array.values[first..<first + pixels].reduce(0.0) { $0 + Double($1) } / Double(pixels)
            }
            let best = means.indices.sorted { means[$0] > means[$1] }.prefix(4)
            let named = index.exemplars.filter { $0.model == "two" && $0.neuron == "mixed3a_1x1:5" }
            #expect(named.map(\.rank) == [0, 1, 2, 3] && named.map(\.row) == Array(best))
            #expect(named.map(\.image) == best.map { smallImages.sorted()[$0] })
            #expect(zip(named, best).allSatisfy { abs($0.value - means[$1]) <= 1e-9 * abs(means[$1]) })
            for exemplar in index.exemplars {
                let image = try decodeImage(bench.report(campaign, "atlas/\(exemplar.file)"), limits: .standard)
                #expect((image.width, image.height) == (112, 112))
            }
        }

        static func end(_ bench: Bench, _ workers: [RunningProgram]) async throws {
            let end = try await bench.coordinator().result(within: .seconds(isLong ? 3600 : 600))
            #expect(end.exit == .code(0), "\(end)")
            for worker in workers {
                let end = try await worker.result()
                #expect(end.exit == .code(0), "\(end)")
            }
        }
    }
}

/// What tests read of `atlas/index.json`.
struct AtlasIndex: Decodable {
    struct Picture: Decodable {
        let neuron: String
        let model: String
        let file: String?
        let threshold: Int
        let objective: Double?
        let trace: [Double]
        let error: String?
    }

    struct Exemplar: Decodable {
        let neuron: String
        let model: String
        let rank: Int
        let image: String
        let row: Int
        let value: Double
        let file: String
    }

    struct Parameters: Decodable {
        let size: Int
        let thresholds: [Int]
        let direction: String?
    }

    let parameters: Parameters
    let pictures: [Picture]
    let exemplars: [Exemplar]
}

extension Bench {
    /// The digests of all files of an atlas, as they are on the disk, which `SUCCESS.json` must name too.
    func atlas(of campaign: CampaignID) throws -> [String: ContentDigest] {
        struct Success: Decodable {
            let files: [String: String]
        }
        let success = try JSONDecoder().decode(Success.self, from: Data(report(campaign, "SUCCESS.json")))
        var files: [String: ContentDigest] = [:]
        for (name, digest) in success.files where name.hasPrefix("atlas/") {
            let bytes = try LocalFileSystem().contents(
                of: directory().reports(of: campaign).pushing(FilePath(name)),
                limit: 1 << 28
            )
            files[String(name.dropFirst("atlas/".count))] = ContentDigest(of: bytes)
            #expect(ContentDigest(of: bytes).hexadecimal == digest, "\(name)")
        }
        return files
    }

    func index(of campaign: CampaignID) throws -> AtlasIndex {
        try JSONDecoder().decode(AtlasIndex.self, from: Data(report(campaign, "atlas/index.json")))
    }

    func activations(
        of campaign: CampaignID,
        model: String,
        layer: String
    ) throws -> (shape: [Int], values: [Float]) {
        struct Index: Decodable {
            struct Array: Decodable {
                let model: String
                let layer: String
                let path: String
            }

            let arrays: [Array]
        }
        let index = try JSONDecoder().decode(Index.self, from: Data(report(campaign, "index.json")))
        let array = try #require(index.arrays.first { $0.model == model && $0.layer == layer })
        let reader = try ZarrReader(directory: FilePath(array.path))
        return (reader.metadata.shape, try reader.readAll())
    }
}
