// SPDX-License-Identifier: MIT

import Testing

@testable import Networks

@Suite("Networks in files", .timeLimit(.minutes(120)))
struct KeyPrefixTests {
    private static let names = NetworkWeights.tensors(batchNorm: false).map(\.name)

    @Test("The prefix of a network's tensors is found", arguments: ["", "module.", "model.net.", "encoder_", "日本."])
    func findsPrefix(prefix: String) throws {
        let file = Self.names.map { prefix + $0 } + ["epoch", "head.weight", "other.conv2d0_pre_relu_conv.weight"]
        #expect(try NetworkWeights.keyPrefix(in: Set(file)) == prefix)
    }

    @Test("Tensors without a prefix go before as many with one")
    func prefersNone() throws {
        #expect(try NetworkWeights.keyPrefix(in: Set(Self.names + Self.names.map { "ema." + $0 })) == "")
        #expect(try NetworkWeights.keyPrefix(in: ["unrelated"]) == "")
    }

    @Test("Two whole networks under prefixes are refused by these")
    func refusesTwo() {
        let file = Set(Self.names.flatMap { ["ema." + $0, "model." + $0] })
        #expect(throws: WeightsError.severalNetworks(prefixes: ["ema.", "model."])) {
            try NetworkWeights.keyPrefix(in: file)
        }
    }

    @Test("Any number of prefixes is looked at in a moment")
    func boundsPrefixes() throws {
        let file = Set((0..<100_000).map { "\($0).conv2d0_pre_relu_conv.weight" })
        #expect(throws: WeightsError.self) { try NetworkWeights.keyPrefix(in: file) }
    }

    @Test(
        "Logits of another number are an error that tells it, and are left out where that is asked for",
        arguments: ["logits", "softmax2_pre_activation_matmul"]
    )
    func otherLogits(name: String) throws {
        let whole = try NetworkWeights(seed: 1, batchNorm: false)
        let shapes = Dictionary(
            uniqueKeysWithValues: NetworkWeights.tensors(batchNorm: false).map { ($0.name, $0.shape) }
        )
        func lookup(_ asked: String) -> (shape: [Int], values: [Float])? {
            if asked == name + ".weight" { return ([1008, 1024], []) }
            if asked == name + ".bias" { return ([1008], []) }
            return asked.hasPrefix("logits") ? nil : shapes[asked].map { ($0, whole[asked]) }
        }
        let error = #expect(throws: WeightsError.otherLogits(count: 1008)) {
            try NetworkWeights(batchNorm: false, strict: true, lookup: lookup)
        }
        #expect(error?.description.contains("1008 logits, but the network has 40") == true)
        let loose = try NetworkWeights(batchNorm: false, strict: false, lookup: lookup)
        #expect(loose["logits.weight"] == [Float](repeating: 0, count: 40 * 1024))
        #expect(loose["mixed5b_5x5_pre_relu_conv.weight"] == whole["mixed5b_5x5_pre_relu_conv.weight"])
    }

    @Test("The state dictionary is the reference's: 401 tensors with 6,103,405 numbers, a counter after each variance")
    func stateDictionary() throws {
        let tensors = NetworkWeights.stateTensors
        #expect(tensors.count == 401 && tensors.reduce(0) { $0 + $1.count } == 6_103_405)
        #expect(
            tensors[2...6].map(\.name)
                == ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"].map {
                    "conv2d0_pre_relu_bn.\($0)"
                }
        )
        let plain = try NetworkWeights(seed: 1, batchNorm: false)
        #expect(plain.stateValues(of: tensors[5]) == [Float](repeating: 1, count: 64))
        #expect(plain.stateValues(of: tensors[6]) == nil && tensors[6].shape == [])
        let normalized = try NetworkWeights(seed: 1, batchNorm: true)
        #expect(normalized.stateValues(of: tensors[5]) == normalized["conv2d0_pre_relu_bn.running_var"])
    }
}
