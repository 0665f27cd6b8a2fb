// SPDX-License-Identifier: MIT

import FoundationEssentials
import Glibc
import JobStorage
import Networks
import SystemPackage
import SystemSupport
import TensorStorage
import TestSupport
import Testing

extension EndToEnd {
    /// The specification in `Queue`, held against what the programs really write, by a validator that is not ours.
    @Suite("The specification's schemas and examples", .serialized)
    struct SchemaTests {
        // MARK: What programs write

        @Test("Every file of a job directory and every command's JSON are as specified, and no changed one is")
        func everyRecord() async throws {
            let study = try await Study()
            try await study.crash()
            var seen = try await study.check()
            try await study.complete()
            try await study.fail()
            try await study.lose()
            try await study.control()
            try await study.ask()
            seen.formUnion(try await study.check())
            #expect(seen == (try Self.schemas()).union(["ticket"]), "a schema without a record is not tested")
        }

        /// The names of all schemas that stand for something whole.
        private static func schemas() throws -> Set<String> {
            let suffix = ".schema.json"
            let names = try LocalFileSystem().names(in: Package.root.pushing("Queue/schemas"))
            return Set(names.filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) })
                .subtracting(["common"])
        }

        // MARK: What is not as specified

        /// A change of one file, and what the complaint must name.
        struct Damage: CustomTestStringConvertible, Sendable {
            let testDescription: String
            let file: String
            var replacing: (String, with: String)?
            let words: String
        }

        static let damages = [
            Damage(
                testDescription: "a number that became a text",
                file: "queue.json",
                replacing: ("\"leaseSeconds\":120", with: "\"leaseSeconds\":\"120\""),
                words: "$.leaseSeconds"
            ),
            Damage(
                testDescription: "a number out of bounds",
                file: "queue.json",
                replacing: ("\"crashLimit\":5", with: "\"crashLimit\":0"),
                words: "$.crashLimit"
            ),
            Damage(
                testDescription: "a key that nobody knows",
                file: "queue.json",
                replacing: ("{", with: "{\"colour\":\"red\","),
                words: "'colour' was unexpected"
            ),
            Damage(
                testDescription: "a key that is missing",
                file: "control/00000001",
                replacing: ("\"verb\":\"pause\"", with: "\"verbs\":\"pause\""),
                words: "'verb' is a required property"
            ),
            Damage(
                testDescription: "a verb that does not exist",
                file: "control/00000001",
                replacing: ("\"pause\"", with: "\"stop\""),
                words: "$.verb"
            ),
            Damage(
                testDescription: "a scope that is two things at once",
                file: "control/00000001",
                replacing: (
                    "\"scope\":{}",
                    with: "\"scope\":{\"job\":\"0123456789abcdef0123456789abcdef\"}"
                ),
                words: "$.scope"
            ),
            Damage(
                testDescription: "a record of another job directory",
                file: "control/00000001",
                replacing: ("\"run\":\"", with: "\"run\":\"00000000000000000000000000000000\",\"x\":\""),
                words: "the run is wrong"
            ),
            Damage(testDescription: "a name that nobody gave", file: "pending/notes.txt", words: "not a name"),
        ]

        @Test("A damaged job directory is not as specified", arguments: damages)
        func damaged(_ damage: Damage) async throws {
            let bench = try await Bench()
            try await succeed(Programs.coordinator, "pause", "--queue", bench.queue.string)
            _ = try await Self.check(bench, [])
            let file = bench.queue.pushing(FilePath(damage.file))
            if let (old, new) = damage.replacing {
                let text = String(decoding: try LocalFileSystem().contents(of: file, limit: 1 << 20), as: UTF8.self)
                try #require(text.contains(old), "\(text)")
                try LocalFileSystem().overwrite(file, contents: Array(text.replacing(old, with: new).utf8))
            } else {
                try LocalFileSystem().create(file, contents: [], durably: false)
            }
            let result = try await run(python(), checker.string, bench.queue.string)
            #expect(result.exit == .code(1) && result.complaints.contains(damage.words), "\(result)")
        }

        private static func check(_ bench: Bench, _ options: [String]) async throws -> ProgramResult {
            let result = try await RunningProgram(python(), [checker.string, bench.queue.string] + options).result()
            try #require(result.exit == .code(0), "\(result)")
            return result
        }

        // MARK: Examples

        static let examples = [
            "direction.yaml", "edited-weights.yaml", "listed-images.yaml", "many-models.yaml", "neuron-atlas.yaml",
            "other-programs.yaml", "own-image-lists.yaml", "small-arrays.yaml", "two-networks.yaml",
        ]

        @Test("Every example can be submitted", arguments: examples)
        func example(_ name: String) async throws {
            let bench = try await Bench()
            for file in [name, "epochs.txt", "names.txt"] {
                let source = Package.root.pushing("Queue/examples").appending(file)
                try bench.write(file, try LocalFileSystem().contents(of: source, limit: 1 << 20))
            }
            try Bench.copyImages(smallImages, to: bench.root.appending("images"))
            let direction = (0..<32).map { Float($0) - 16 }
            try bench.write("direction.npy", NumPyFile.encode(direction.span, shape: [32]))
            for (layer, width) in [("mixed3a", 5), ("logits", 3)] {
                let values = (0..<16 * width).map { Float($0 * $0 % 17) }
                try bench.write("acts/\(layer).npy", NumPyFile.encode(values.span, shape: [16, width]))
            }
            try bench.write("acts/rows.txt", smallImages.reversed().map { "\($0)\n" }.joined())
            for (file, seed) in [("imagenet", UInt64(20)), ("adam", 21)] {
                try bench.write("weights/\(file).safetensors", try Self.weights(seed: seed))
            }
            let campaign = bench.root.appending(name).string
            let result = try await succeed(
                Programs.coordinator,
                "submit",
                campaign,
                "--queue",
                bench.queue.string,
                "--dry-run"
            )
            #expect(result.line.dropLast(9) == name.dropLast(5), "a campaign is called as its file")
            #expect(!result.complaints.contains("warning"), "\(result)")
        }

        @Test("There are examples of every key that a campaign file may have")
        func keys() throws {
            let names = try LocalFileSystem().names(in: Package.root.pushing("Queue/examples"))
            #expect(names.filter { $0.hasSuffix(".yaml") }.sorted() == Self.examples, "each is submitted above")
            let texts = try Self.examples.map { name in
                let file = Package.root.pushing("Queue/examples").appending(name)
                return String(decoding: try LocalFileSystem().contents(of: file, limit: 1 << 20), as: UTF8.self)
            }
            for key in [
                "name", "models", "weights", "edits", "set", "from", "value", "mode", "strict", "batch_norm", "dataset",
                "images", "list", "on_error", "cka", "layers", "pairs", "epochs", "iterations", "batch_size",
                "image_lists", "estimator",
                "across", "priority", "arrays", "dtype", "codec", "limits", "bytes", "pixels", "entries", "lucid",
                "neurons",
                "size", "thresholds", "seed", "compat", "objective", "diversity", "transforms", "direction",
                "activations", "reproducible",
            ] {
                #expect(texts.contains { $0.contains("\(key):") }, "\(key)")
            }
        }

        private static func weights(seed: UInt64) throws -> [UInt8] {
            let network = try NetworkWeights(seed: NetworkSeed(seed), batchNorm: false)
            let tensors = NetworkWeights.tensors(batchNorm: false).map { ($0.name, $0.shape, network[$0.name]) }
            return encodeSafetensors(tensors.map { ($0.0, $0.1, Array($0.2)) }, metadata: [:])
        }
    }
}

/// The program that checks a job directory against the specification.
private let checker = Package.root.pushing("Queue/check.py")

/// A job directory to which everything happens that leaves a record, and what commands said of it.
private struct Study {
    private let bench: Bench
    private let first: CampaignID
    private var outputs: FilePath { bench.root.appending("outputs") }

    init() async throws {
        bench = try await Bench()
        try LocalFileSystem().makeDirectories(bench.root.appending("outputs"))
        try Bench.copyImages(Array(smallImages.prefix(8)), to: bench.root.appending("images"))
        try Bench.copyImages(Array(smallImages.suffix(4)), to: bench.root.appending("others"))
        for (folder, rows) in [("images", 8), ("others", 4)] {
            let values = (0..<rows * 3).map { Float($0 * $0 % 7) }
            try bench.write("other-\(folder).npy", NumPyFile.encode(values.span, shape: [rows, 3]))
        }
        try bench.write("images/broken.jpg", "no picture")
        let rows = smallImages.prefix(8).enumerated().map { "\($1),\($0 % 2),\"a, \($0)\"\n" }.joined()
        try bench.write("images/test.csv", "img,odd,words\n\(rows)broken.jpg,1,\n")
        let file = try bench.write("first.yaml", Self.campaign("first", images: "images", second: 12, batches: 2))
        first = try await bench.submit(file)
        try await say("command-submit", "submit", file.string, "--dry-run")
    }

    private static func campaign(_ name: String, images: String, second seed: Int, batches: Int) -> String {
        """
        name: \(name)
        models:
          one: {weights: "seeded:10"}
          two: {weights: "seeded:\(seed)"}
          other: {arrays: {logits: "other-\(images).npy"}}
        dataset: {images: \(images), on_error: skip}
        cka: {layers: [mixed3a_1x1, logits], epochs: 2, iterations: \(batches), batch_size: 4}
        lucid: {neurons: ["conv2d0:3", "mixed3a_1x1:0-1"], size: 32, thresholds: [1, 2], models: [one]}
        """
    }

    /// A worker and a coordinator are killed in the middle of a job.
    func crash() async throws {
        let coordinator = try bench.coordinator()
        let worker = try bench.worker()
        let held = try await eventually("a heartbeat that lists an attempt") {
            try bench.name(of: worker).flatMap { try bench.directory().heartbeat(of: $0)?.held.first }
        }
        let name = try #require(try bench.name(of: worker))
        for process in [worker, coordinator] {
            process.signal(SIGKILL)
            _ = try await process.result()
        }
        try await say("command-status", "status")
        try await say("command-workers", "workers")
        try await say("command-why.running", "why", "\(first)/\(held.job)")
        try await say("command-drain", "drain", "\(name)")
    }

    /// The first campaign is done, and another that finds its arrays there.
    func complete() async throws {
        try await end(exit: 0)
        _ = try await bench.submit(
            try bench.write("again.yaml", Self.campaign("again", images: "images", second: 12, batches: 2))
        )
        try await end(exit: 0)
        try await say("command-wait", "wait", "again")
        try await say("command-why-campaign.done", "why", "again")
    }

    /// A campaign whose image vanishes fails.
    func fail() async throws {
        let file = try bench.write("lost.yaml", Self.campaign("lost", images: "others", second: 10, batches: 1))
        let campaign = try await bench.submit(file)
        try LocalFileSystem().remove(bench.root.appending("others").appending(smallImages[15]))
        try await end(exit: 1)
        let token = try #require(try bench.tokens(.failed, of: campaign).first)
        try await say("command-why.failed", "why", "\(campaign)/\(token.name.job)")
        try await say("command-why-campaign.failed", "why", "lost")
        try await say("command-logs", "logs", "\(campaign)/\(token.name.job)")
        try await say("command-count.retry", "retry", "\(campaign)/\(token.name.job)")
    }

    /// A token is lost, a stranger's file and a damaged one are found, and what can be is mended.
    func lose() async throws {
        let directory = try bench.directory()
        let campaign = try #require(try directory.campaigns().first { $0.description.hasPrefix("lost-") })
        let token = try #require(try bench.tokens(.pending, of: campaign).first)
        try LocalFileSystem().remove(directory.path(of: token))
        let stranger = directory.root.appending("stranger")
        try LocalFileSystem().create(stranger, contents: [], durably: false)
        try await say("command-verify", "verify", exit: 1)
        try await say("command-repair.dry", "repair", "--dry-run", exit: 1)
        try await say("command-repair", "repair", exit: 1)
        try LocalFileSystem().remove(stranger)
    }

    /// Users say all that they can.
    func control() async throws {
        try await say("command-scope.pause", "pause")
        try await say("command-scope.pause-one", "pause", "lost")
        try await say("command-scope.resume", "resume")
        try await say("command-scope.resume-one", "resume", "lost")
        try await say("command-count.cancel", "cancel", "lost", "--reason", "an image is lost")
        try await end(exit: 1)
    }

    /// Commands that only look.
    func ask() async throws {
        try await say("command-jobs", "jobs")
        try await say("command-prune", "prune", "--older", "0s", "--dry-run")
        try await say("command-doctor", "doctor")
        let layers = try await succeed(Programs.coordinator, "layers", "--json")
        try keep(layers.output, as: "command-layers")
    }

    /// Runs everything to its end.
    private func end(exit: Int32) async throws {
        let result = try await bench.coordinator(localWorkers: 1).result()
        #expect(result.exit == .code(exit), "\(result)")
    }

    private func say(_ schema: String, _ arguments: String..., exit: Int32 = 0) async throws {
        let options = arguments + ["--queue", bench.queue.string, "--json"]
        let result = try await RunningProgram(Programs.coordinator, options).result()
        try #require(result.exit == .code(exit), "\(arguments): \(result)")
        try keep(result.output, as: schema)
    }

    private func keep(_ output: String, as name: String) throws {
        try LocalFileSystem().create(
            outputs.appending("\(name).json"),
            contents: Array(output.utf8),
            durably: false
        )
    }

    /// Holds all that is there against the specification, and gives the kinds of records that there were.
    func check() async throws -> Set<String> {
        let options = [checker.string, bench.queue.string, "--outputs", outputs.string, "--mutate"]
        let result = try await RunningProgram(python(), options).result()
        #expect(result.exit == .code(0), "\(result)")
        let lines = result.output.split(separator: "\n").map { $0.split(separator: " ") }
        let refused = lines.first { $0.last == "refused" }?.first.flatMap { Int($0) }
        #expect(try #require(refused) > 1000)
        return Set(lines.filter { $0.count == 2 }.map { String($0[1]) })
    }
}
