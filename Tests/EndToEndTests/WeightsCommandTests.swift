// SPDX-License-Identifier: MIT

import JobStorageTestSupport
import Networks
import SystemPackage
import SystemSupport
import TensorStorage
import Testing

extension EndToEnd {
    @Suite("Looking at weights and writing them")
    struct WeightsCommandTests {
        @Test("Statistics are those that NumPy gives for the reference's own file of the network")
        func statistics() async throws {
            let result = try await succeed(Programs.coordinator, "weights", "seeded:10", "mixed4a_3x3", "--json")
            let members = try #require(try result.json(JSONValue.self).object)
            #expect(members["layer"] == .string("mixed4a_3x3") && members["neuron"] == .null)
            #expect(members["batch_norm"] == nil)
            // Sums of 176,256 numbers in double precision, in another order.
            let tolerance = 1e-10
            for (part, expected) in Self.golden {
                let values = try #require(members[part]?.object)
                #expect(values["shape"] == .array(expected.shape.map(JSONValue.integer)))
                #expect(values["count"] == .integer(expected.shape.reduce(1, *)))
                for (name, value) in expected.values {
                    guard case .number(let found)? = values[name] else { throw Unavailable("\(part) has no \(name)") }
                    #expect(abs(found - value) <= tolerance * max(1, abs(value)), "\(part) \(name)")
                }
            }
            let table = try await succeed(Programs.coordinator, "weights", "seeded:10", "mixed4a_3x3").output
            let lines = table.split(separator: "\n")
            #expect(lines.count == 4)
            #expect(lines[2].hasPrefix("weight") && lines[2].contains("204x96x3x3") && lines[3].hasPrefix("bias"))
        }

        private static let golden: [String: (shape: [Int], values: [String: Double])] = [
            "weight": (
                [204, 96, 3, 3],
                [
                    "mean": -3.6865233106303507e-05, "std": 0.04804878497817784, "min": -0.08333318680524826,
                    "max": 0.08333182334899902, "l2_norm": 20.17225701193446,
                ]
            ),
            "bias": (
                [204],
                [
                    "mean": 0.12156220510894176, "std": 5.591026280046894, "min": -9.775338172912598,
                    "max": 9.852529525756836, "l2_norm": 79.87470097416788,
                ]
            ),
        ]

        @Test("Arrays hold a layer's or a neuron's parameters", arguments: [nil, 7])
        func arrays(neuron: Int?) async throws {
            let folder = try TemporaryFolder()
            let file = folder.path.appending("w.npy")
            let place = neuron.map { "mixed4a_3x3:\($0)" } ?? "mixed4a_3x3"
            try await succeed(Programs.coordinator, "weights", "seeded:10", place, "--output", file.string)
            let network = try NetworkWeights(seed: 10, batchNorm: false)
            let layer = try #require(InceptionV1.layer(named: "mixed4a_3x3"))
            var weights = network.weights(of: layer)
            var biases = network.biases(of: layer)
            if let neuron {
                weights = Array(weights[(neuron * 864)..<((neuron + 1) * 864)])
                biases = [biases[neuron]]
            }
            let array = try NumPyFile(parsing: contents(file))
            #expect(array.shape == (neuron == nil ? [204, 96, 3, 3] : [96, 3, 3]) && array.floats == weights)
            let bias = try NumPyFile(parsing: contents(folder.path.appending("w-bias.npy")))
            #expect(bias.shape == (neuron == nil ? [204] : []) && bias.floats == biases)
            #expect(try Set(LocalFileSystem().names(in: folder.path)) == ["w.npy", "w-bias.npy"])
        }

        @Test("A model is written after its edits, whole, and read again", arguments: ["pt", "pth", "safetensors"])
        func export(ending: String) async throws {
            let folder = try TemporaryFolder()
            let campaign = try campaign(in: folder.path)
            let file = folder.path.appending("out.\(ending)")
            try await succeed(Programs.coordinator, "export", campaign.string, "edited", "--output", file.string)
            var expected = try NetworkWeights(seed: 10, batchNorm: false)
            let donor = try NetworkWeights(seed: 12, batchNorm: false)
            try expected.set("mixed4a_3x3", neuron: nil, mode: .both, from: .network(donor))
            try expected.set("conv2d0", neuron: 3, mode: .weight, from: .constant(0.5))
            let tensors = try readTensors(at: file)
            #expect(tensors.count == 401)
            for tensor in NetworkWeights.stateTensors {
                #expect(tensors[tensor.name]?.shape == tensor.shape, "\(tensor.name)")
                #expect(tensors[tensor.name]?.values == expected.stateValues(of: tensor) ?? [0], "\(tensor.name)")
            }
            // What was written is a model like any other, with batch norm that does nothing; "1.0" is read as 1.
            let result = try await succeed(Programs.coordinator, "weights", file.string, "conv2d0:3", "--json")
            let members = try #require(try result.json(JSONValue.self).object)
            #expect(members["weight"]?.object?["mean"] == .number(0.5))
            #expect(members["batch_norm"]?.object?["running_var"]?.object?["mean"] == .integer(1))
            try await succeed(Programs.coordinator, "layers", file.string)
        }

        /// Arguments that cannot be followed, the exit code, and words that tell what would have been right.
        struct Refusal: Sendable, CustomTestStringConvertible {
            let arguments: [String]
            let code: Int32
            let words: [String]
            var testDescription: String { arguments.joined(separator: " ") }
        }

        private static let hostile = Package.tensors.appending("hostile.pt").string
        private static let other = Package.tensors.appending("state.pt").string

        @Test(
            "What cannot be done is refused with what would have been right",
            arguments: [
                Refusal(
                    arguments: ["weights", "nothing.pt", "conv2d0"],
                    code: 65,
                    words: ["nothing.pt", "seeded:NUMBER"]
                ),
                Refusal(arguments: ["weights", "seeded:x", "conv2d0"], code: 65, words: ["seeded:10"]),
                Refusal(arguments: ["weights", "/", "conv2d0"], code: 65, words: ["could not read"]),
                Refusal(arguments: ["weights", "seeded:1", "mixed4a_3x4"], code: 65, words: ["mixed4a_3x3"]),
                Refusal(arguments: ["weights", "seeded:1", "conv2d0:64"], code: 65, words: ["0 to 63"]),
                Refusal(arguments: ["weights", "seeded:1", "conv2d0:a"], code: 64, words: ["mixed4a_3x3:7"]),
                Refusal(arguments: ["weights", "seeded:1", "conv2d0:1:2"], code: 64, words: ["mixed4a_3x3:7"]),
                Refusal(arguments: ["weights", "seeded:1"], code: 64, words: ["layer"]),
                Refusal(arguments: ["weights", "seeded:1", "conv2d0", "--output", "w.txt"], code: 64, words: [".npy"]),
                Refusal(
                    arguments: ["weights", "seeded:1", "conv2d0", "--output", "/nothing/w.npy"],
                    code: 65,
                    words: ["/nothing"]
                ),
                Refusal(arguments: ["weights", hostile, "conv2d0"], code: 65, words: ["posix.system"]),
                Refusal(arguments: ["weights", other, "conv2d0"], code: 65, words: ["conv2d0_pre_relu_conv.weight"]),
                Refusal(arguments: ["layers", "nothing.pt"], code: 65, words: ["nothing.pt"]),
                Refusal(arguments: ["layers", hostile], code: 65, words: ["posix.system"]),
                Refusal(
                    arguments: ["export", "CAMPAIGN", "none", "--output", "/tmp/x.pt"],
                    code: 65,
                    words: ["edited"]
                ),
                Refusal(
                    arguments: ["export", "CAMPAIGN", "edited", "--output", "x.onnx"],
                    code: 64,
                    words: [".safetensors"]
                ),
                Refusal(arguments: ["export", "CAMPAIGN", "edited"], code: 64, words: ["--output"]),
                Refusal(
                    arguments: ["export", "/nothing.yaml", "edited", "--output", "/tmp/x.pt"],
                    code: 65,
                    words: ["/nothing.yaml"]
                ),
                Refusal(
                    arguments: ["export", "CAMPAIGN", "edited", "--output", "/nothing/x.pt"],
                    code: 65,
                    words: ["/nothing"]
                ),
            ]
        )
        func refuses(refusal: Refusal) async throws {
            let folder = try TemporaryFolder()
            let file = try campaign(in: folder.path).string
            let arguments = refusal.arguments.map { $0 == "CAMPAIGN" ? file : $0 }
            let result = try await RunningProgram(Programs.coordinator, arguments).result()
            #expect(result.exit == .code(refusal.code), "\(result)")
            for word in refusal.words { #expect(result.complaints.contains(word), "\(result)") }
            #expect(result.output.isEmpty)
        }

        private func campaign(in folder: FilePath) throws -> FilePath {
            let file = folder.appending("study.yaml")
            let text = """
                name: study
                models:
                  plain: {weights: "seeded:12"}
                  edited:
                    weights: "seeded:10"
                    edits:
                      - {set: mixed4a_3x3, from: plain}
                      - {set: "conv2d0:3", value: 0.5, mode: weight}
                dataset: {images: images}
                cka: {layers: [conv2d0]}
                """
            try LocalFileSystem().create(file, contents: Array(text.utf8), durably: false)
            return file
        }

        private func contents(_ file: FilePath) throws -> [UInt8] {
            try LocalFileSystem().contents(of: file, limit: 1 << 24)
        }
    }
}
