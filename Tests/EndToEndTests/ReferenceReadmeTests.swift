// SPDX-License-Identifier: MIT

import FoundationEssentials
import JobStorage
import JobStorageTestSupport
import Networks
import SystemPackage
import SystemSupport
import TensorStorage
import Testing
import WebServers

extension EndToEnd {
    /// Each thing that the README of the Python package shows, done by our commands, in its order.
    ///
    /// Networks A, B and C of the reference's data stand for imagenet, sgd and adam, on a mirror of what was published.
    @Suite("What the reference's README shows")
    struct ReferenceReadmeTests {
        private static let layers = "[conv2d2, mixed4a_3x3, mixed5b_1x1, logits]"

        @Test("Load, switch, layers, lucid, weights, activations of both data sets, CKA, and weight manipulation")
        func everySection() async throws {
            let mirror = try Mirror()
            let bench = try await Bench()
            try await load(mirror)
            try await layerInformation(mirror)
            try await weights(mirror)
            try await lucid(mirror, bench)
            try await activations(mirror, bench)
            try await similarity(mirror, bench)
            try await manipulation(mirror, bench)
            let fetched = try mirror.server.requests().filter { $0.hasPrefix("200") }
            #expect(fetched.count == 5, "three networks and two archives, each once: \(fetched)")
        }

        // MARK: The mirror

        private struct Mirror {
            let server: Nginx
            let place: TemporaryPlace
            let a: NetworkWeights
            let b: NetworkWeights

            init() throws {
                server = try Nginx(nil)
                place = try TemporaryPlace()
                a = try NetworkWeights(seed: 10, batchNorm: false)
                for folder in ["models", "data"] {
                    try LocalFileSystem().makeDirectory(server.folder.appending(folder))
                }
                let c = try NetworkWeights(seed: 12, batchNorm: false)
                let b = try Golden.networkB()
                let tensors = Dictionary(uniqueKeysWithValues: b.map { ($0.name, ($0.shape, $0.values)) })
                self.b = try NetworkWeights(batchNorm: false, strict: true) { tensors[$0] }
                for (name, network) in [("imagenet", a), ("sgd", self.b), ("adam", c)] {
                    let tensors = NetworkWeights.tensors(batchNorm: false).map {
                        StoredTensor($0.name, shape: $0.shape, network[$0.name])
                    }
                    let bytes = try encodeTorchFile(tensors)
                    let file = server.folder.appending("models").appending("\(name).pt")
                    try LocalFileSystem().create(file, contents: bytes, durably: false)
                }
                let script = """
                    import os, sys, zipfile
                    z = zipfile.ZipFile(sys.argv[1], "w")
                    for name in sorted(os.listdir(sys.argv[2])):
                        z.write(f"{sys.argv[2]}/{name}", sys.argv[3] + "/" + name)
                    """
                for folder in ["test_only_celeba", "imagenet-256"] {
                    let archive = server.folder.appending("data").appending("\(folder).zip").string
                    try runTool("python3", ["-c", script, archive, Package.images.string, folder])
                }
            }

            /// Runs our command, whose user's cache is this test's, and gives what it wrote.
            @discardableResult
            func succeed(_ arguments: String...) async throws -> ProgramResult {
                let environment = ["XDG_CACHE_HOME=\(place.path)/cache", Programs.coordinator.string]
                let result = try await RunningProgram("/usr/bin/env", environment + arguments).result()
                try #require(result.exit == .code(0), "\(arguments): \(result)")
                return result
            }

            var source: String { server.address("") }

            /// Submits a campaign and runs it to its end.
            func run(_ bench: Bench, _ name: String, _ text: String) async throws -> CampaignID {
                let file = try bench.write("\(name).yaml", "name: \(name)\n\(text)").string
                let queue = bench.queue.string
                let id = try await succeed("submit", file, "--queue", queue, "--mirror", source).line
                try await succeed("run", "--queue", queue, "--local-workers", "1")
                return try #require(CampaignID(id))
            }
        }

        // MARK: Sections

        /// `load_model("imagenet")`, and `model.switch_to("sgd")`.
        private func load(_ mirror: Mirror) async throws {
            let names = try await mirror.succeed("models", "list").output
            for name in ["imagenet", "sgd", "adam", "adam_overfit", "img-gn1", "in3-gn3"] {
                #expect(names.contains(name))
            }
            let paths = try await mirror.succeed("models", "fetch", "imagenet", "sgd", "--mirror", mirror.source)
            let files = paths.output.split(separator: "\n").map { FilePath(String($0)) }
            #expect(files.count == 2)
            for (file, network) in zip(files, [mirror.a, mirror.b]) {
                let tensors = try readTensors(at: file)
                let name = "mixed4a_3x3_pre_relu_conv.weight"
                #expect(tensors[name]?.values == network[name])
            }
        }

        /// `model.layer_info`.
        private func layerInformation(_ mirror: Mirror) async throws {
            let output = try await mirror.succeed("layers", "imagenet", "--json").output
            let layers = try #require(JSONValue(parsing: Array(output.utf8))?.array)
            #expect(layers.count == 58)
            #expect(output.contains("conv2d0") && output.contains("mixed3a_3x3_bottleneck"))
            #expect(InceptionV1.layers.map(\.neuronCount).prefix(5) == [64, 64, 192, 64, 96])
            for (value, layer) in zip(layers, InceptionV1.layers) {
                #expect(value.text.contains("\"\(layer.name)\"") && value.text.contains("\(layer.neuronCount)"))
            }
        }

        /// `model.weights.mixed3a_3x3_bottleneck.w` and `.b`.
        private func weights(_ mirror: Mirror) async throws {
            let file = mirror.place.path.appending("w.npy")
            try await mirror.succeed("weights", "imagenet", "mixed3a_3x3_bottleneck", "--output", file.string)
            let array = try NumPyFile(parsing: LocalFileSystem().contents(of: file, limit: 1 << 24))
            #expect(array.shape == [96, 192, 1, 1])
            #expect(array.floats == mirror.a["mixed3a_3x3_bottleneck_pre_relu_conv.weight"])
            let biases = mirror.place.path.appending("w-bias.npy")
            let bias = try NumPyFile(parsing: LocalFileSystem().contents(of: biases, limit: 1 << 24))
            #expect(bias.floats == mirror.a["mixed3a_3x3_bottleneck_pre_relu_conv.bias"])
        }

        /// `model.lucid("conv2d1:7")`, here of two steps: goldens of every part of a step are compared elsewhere.
        private func lucid(_ mirror: Mirror, _ bench: Bench) async throws {
            let campaign = try await mirror.run(
                bench,
                "lucid",
                """
                models: {imagenet: {weights: imagenet}}
                lucid: {neurons: ["conv2d1:7"], thresholds: [2]}
                """
            )
            let picture = try bench.report(campaign, "atlas/imagenet/conv2d1/0007.png")
            #expect(picture.starts(with: [0x89, 0x50, 0x4E, 0x47]))
            // The width and the height of a PNG file.
            #expect(Array(picture[16..<24]) == [0, 0, 0, 224, 0, 0, 0, 224])
            let index = try bench.report(campaign, "atlas/index.json")
            #expect(String(decoding: index, as: UTF8.self).contains("\"conv2d1:7\""))
        }

        /// `build_generator(…, "celeba" | "imagenet")`, `model.stream(x)`, `model.neurons.mixed4a_3x3`.
        private func activations(_ mirror: Mirror, _ bench: Bench) async throws {
            for dataset in ["celeba", "imagenet"] {
                let campaign = try await mirror.run(
                    bench,
                    "stream-\(dataset)",
                    """
                    models: {imagenet: {weights: imagenet}}
                    dataset: \(dataset)
                    activations: {layers: [mixed4a_3x3]}
                    """
                )
                struct Index: Decodable {
                    struct Entry: Decodable {
                        let path: String
                    }

                    let arrays: [Entry]
                }
                let index = try JSONDecoder().decode(Index.self, from: Data(bench.report(campaign, "index.json")))
                let reader = try ZarrReader(directory: FilePath(try #require(index.arrays.first).path))
                #expect(reader.metadata.shape == [64, 204, 14, 14])
                let golden = try Golden.activations("mixed4a_3x3")
                let values = try reader.readAll()
                let mine = stride(from: 0, to: 4 * 204 * 14 * 14, by: golden.step).map { values[$0] }
                #expect(mine.count == golden.values.count)
                let worst = zip(mine, golden.values).map { abs($0 - $1) }.max() ?? .infinity
                // Convolutions sum in another order than the reference's: 2e-5 of the largest value.
                #expect(worst <= 2e-5 * golden.largest, "\(worst) of \(golden.largest)")
            }
        }

        /// `CKA(…, "celeba", ["imagenet", "sgd"])(layer)`, and `cka.set_models([…])`: all pairs come at once.
        private func similarity(_ mirror: Mirror, _ bench: Bench) async throws {
            let campaign = try await mirror.run(
                bench,
                "cka",
                """
                models: {imagenet: {weights: imagenet}, sgd: {weights: sgd}, adam: {weights: adam}}
                dataset: celeba
                cka: {layers: \(Self.layers), epochs: 3, iterations: 4, batch_size: 8}
                """
            )
            try Golden.checkSimilarities(
                bench.report(campaign, "cka.json"),
                names: ["A": "imagenet", "B": "sgd", "C": "adam"]
            )
        }

        /// One call of `sgd.set_weights`, and what it changes.
        private struct Manipulation: Sendable {
            let name: String
            let edit: String
            /// What the weights of the layer are afterwards, given those of sgd and of imagenet.
            let weights: @Sendable (_ sgd: [Float], _ imagenet: [Float]) -> [Float]
            let biases: @Sendable (_ sgd: [Float], _ imagenet: [Float]) -> [Float]
        }

        private static let manipulations = [
            Manipulation(name: "layer", edit: "from: imagenet") {
                $1
            } biases: {
                $1
            },
            Manipulation(name: "layer-weight", edit: "from: imagenet, mode: weight") {
                $1
            } biases: { sgd, _ in
                sgd
            },
            Manipulation(name: "layer-bias", edit: "from: imagenet, mode: bias") { sgd, _ in
                sgd
            } biases: {
                $1
            },
            Manipulation(name: "constant", edit: "value: 0") { sgd, _ in
                sgd.map { _ in 0 }
            } biases: { sgd, _ in
                sgd.map { _ in 0 }
            },
            Manipulation(name: "constant-both", edit: "value: -0.5, mode: both") { sgd, _ in
                sgd.map { _ in -0.5 }
            } biases: { sgd, _ in
                sgd.map { _ in -0.5 }
            },
            Manipulation(name: "constant-weight", edit: "value: 0, mode: weight") { sgd, _ in
                sgd.map { _ in 0 }
            } biases: { sgd, _ in
                sgd
            },
            Manipulation(name: "constant-bias", edit: "value: 0, mode: bias") { sgd, _ in
                sgd
            } biases: { sgd, _ in
                sgd.map { _ in 0 }
            },
        ]

        /// `sgd.set_weights(layer[:neuron], imagenet | constant, mode=…)`: whole layers, and the first neuron alone.
        private func manipulation(_ mirror: Mirror, _ bench: Bench) async throws {
            let layer = "mixed4a_3x3"
            let models = Self.manipulations.flatMap { change in
                [("\(change.name)", layer), ("\(change.name)-neuron", "\(layer):0")].map { name, target in
                    "  \(name): {weights: sgd, edits: [{set: \"\(target)\", \(change.edit)}]}"
                }
            }
            let text = """
                name: edits
                models:
                  imagenet: {weights: imagenet}
                \(models.joined(separator: "\n"))
                dataset: celeba
                cka: {layers: [\(layer)], epochs: 1, iterations: 1, batch_size: 4}
                """
            let file = try bench.write("edits.yaml", text).string
            let keys = [".weight", ".bias"].map { "\(layer)_pre_relu_conv\($0)" }
            for change in Self.manipulations {
                for isNeuron in [false, true] {
                    let name = isNeuron ? "\(change.name)-neuron" : change.name
                    let output = mirror.place.path.appending("\(name).safetensors")
                    try await mirror.succeed("export", file, name, "--output", output.string)
                    let tensors = try readTensors(at: output)
                    for (key, expected) in zip(keys, [change.weights, change.biases]) {
                        let (sgd, imagenet) = (mirror.b[key], mirror.a[key])
                        let all = expected(sgd, imagenet)
                        // The first of 204 output channels.
                        let changed =
                            isNeuron ? Array(all.prefix(all.count / 204)) + sgd.dropFirst(all.count / 204) : all
                        #expect(tensors[key]?.values == changed, "\(name) \(key)")
                    }
                    let untouched = "mixed4a_1x1_pre_relu_conv.weight"
                    #expect(tensors[untouched]?.values == mirror.b[untouched])
                }
            }
            let wrong = try bench.write("wrong.yaml", text.replacing("mode: bias", with: "mode: biases")).string
            let result = try await run(Programs.coordinator, "submit", wrong, "--queue", bench.queue.string)
            #expect(result.exit == .code(65) && result.complaints.contains("both, weight, bias"), "\(result)")
        }
    }
}
