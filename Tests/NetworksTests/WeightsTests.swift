// SPDX-License-Identifier: MIT

import Testing

@testable import Networks

@Suite("Network weights", .timeLimit(.minutes(120)))
struct WeightsTests {
    @Test(
        "Seeded networks are those of the reference",
        arguments: [
            (
                "conv2d0_pre_relu_conv.weight",
                [0.04057848080992699, 0.04262262582778931, -0.09438292682170868] as [Float]
            ),
            ("logits.weight", [0.04375861585140228, -0.03160370513796806, -0.03135209158062935]),
            ("logits.bias", [0.679185152053833, -0.2350776195526123, 0.518302321434021]),
        ]
    )
    func seededValues(name: String, first: [Float]) throws {
        let weights = try NetworkWeights(seed: 10, batchNorm: false)
        #expect(Array(weights[name].prefix(3)) == first)
    }

    @Test("A network has the reference's number of parameters")
    func parameterCount() throws {
        let plain = NetworkWeights.tensors(batchNorm: false)
        let batchNorm = NetworkWeights.tensors(batchNorm: true)
        #expect(plain.count == 116)
        // The reference's 401 tensors less the 57 counters of batches, which inference does not read.
        #expect(batchNorm.count == 401 - 57)
        #expect(batchNorm.reduce(0) { $0 + $1.count } + 57 == 6_103_405)
    }

    @Test("There are 58 layers with 7,332 neurons and 3,226,200 activations an image")
    func layerTable() {
        #expect(InceptionV1.layers.count == 58)
        #expect(InceptionV1.layers.reduce(0) { $0 + $1.neuronCount } == 7_332)
        #expect(InceptionV1.layers.reduce(0) { $0 + $1.featureCount } == 3_226_200)
    }

    @Test("Missing weights are listed, and are zeros where that is asked for")
    func missing() throws {
        let whole = try NetworkWeights(seed: 1, batchNorm: false)
        let shapes = Dictionary(
            uniqueKeysWithValues: NetworkWeights.tensors(batchNorm: false).map { ($0.name, $0.shape) }
        )
        func lookup(_ name: String) -> (shape: [Int], values: [Float])? {
            name == "conv2d1_pre_relu_conv.bias" ? nil : shapes[name].map { ($0, whole[name]) }
        }
        #expect(throws: WeightsError.missing(["conv2d1_pre_relu_conv.bias"])) {
            try NetworkWeights(batchNorm: false, strict: true, lookup: lookup)
        }
        let loose = try NetworkWeights(batchNorm: false, strict: false, lookup: lookup)
        #expect(loose["conv2d1_pre_relu_conv.bias"] == [Float](repeating: 0, count: 64))
        #expect(loose["conv2d0_pre_relu_conv.bias"] == whole["conv2d0_pre_relu_conv.bias"])
    }

    @Test("A wrong shape is an error that names the tensor")
    func wrongShape() throws {
        #expect(
            throws: WeightsError.wrongShape(name: "conv2d0_pre_relu_conv.weight", expected: [64, 3, 7, 7], actual: [3])
        ) {
            try NetworkWeights(batchNorm: false, strict: false) { name in
                name == "conv2d0_pre_relu_conv.weight" ? ([3], [1, 2, 3]) : nil
            }
        }
    }

    @Test("An edit changes what it names and nothing else", arguments: NetworkWeights.EditMode.allCases, [nil, 3])
    func edits(mode: NetworkWeights.EditMode, neuron: Int?) throws {
        let other = try NetworkWeights(seed: 2, batchNorm: true)
        let before = try NetworkWeights(seed: 1, batchNorm: true)
        var after = before
        try after.set("mixed4a_3x3", neuron: neuron, mode: mode, from: .network(other))
        for tensor in NetworkWeights.tensors(batchNorm: true) {
            let isWeight = tensor.name == "mixed4a_3x3_pre_relu_conv.weight" && mode != .bias
            let isBias = tensor.name == "mixed4a_3x3_pre_relu_conv.bias" && mode != .weight
            let width = tensor.count / tensor.shape[0]
            let changed = isWeight || isBias ? neuron.map { $0 * width..<($0 + 1) * width } ?? 0..<tensor.count : 0..<0
            for index in 0..<tensor.count {
                let expected = changed.contains(index) ? other[tensor.name][index] : before[tensor.name][index]
                guard after[tensor.name][index] != expected else { continue }
                Issue.record("\(tensor.name)[\(index)] is \(after[tensor.name][index]), not \(expected)")
                break
            }
        }
    }

    @Test("A constant fills a neuron's weights, and a later edit wins over an earlier one")
    func constants() throws {
        var weights = try NetworkWeights(seed: 1, batchNorm: false)
        try weights.set("conv2d0", neuron: nil, mode: .weight, from: .constant(0.5))
        try weights.set("conv2d0", neuron: 1, mode: .both, from: .constant(-1))
        let values = weights["conv2d0_pre_relu_conv.weight"]
        #expect(values[0..<147].allSatisfy { $0 == 0.5 } && values[147..<294].allSatisfy { $0 == -1 })
        #expect(weights["conv2d0_pre_relu_conv.bias"][1] == -1)
    }

    @Test("Unknown layers and neurons are refused with what would have been right")
    func refusals() throws {
        var weights = try NetworkWeights(seed: 1, batchNorm: false)
        let layer = #expect(throws: WeightsError.self) {
            try weights.set("mixed4a_3x4", neuron: nil, mode: .both, from: .constant(0))
        }
        #expect(layer?.description.contains("did you mean \"mixed4a_3x3\"?") == true)
        let neuron = #expect(throws: WeightsError.self) {
            try weights.set("conv2d0", neuron: 64, mode: .both, from: .constant(0))
        }
        #expect(neuron?.description.contains("0 to 63") == true)
        #expect(throws: WeightsError.badSeed("seeded:x")) { try NetworkWeights.seed(parsing: "seeded:x") }
        #expect(throws: WeightsError.badSeed("gabor:")) { try NetworkWeights.seed(parsing: "gabor:") }
    }

    @Test("A network that sees edges has oriented filters without a mean first, and is a seeded one from there on")
    func seesEdges() throws {
        let seed = try #require(try NetworkWeights.seed(parsing: "gabor:10"))
        let network = try NetworkWeights(seed: seed, batchNorm: false)
        let random = try NetworkWeights(seed: 10, batchNorm: false)
        for tensor in NetworkWeights.tensors(batchNorm: false)
        where !["conv2d0", "conv2d1"].contains(tensor.name.prefix(7)) {
            #expect(network[tensor.name] == random[tensor.name])
        }
        let passing = network["conv2d1_pre_relu_conv.weight"]
        #expect(passing.indices.allSatisfy { (passing[$0] != 0) == ($0 / 64 == $0 % 64) })
        let weights = network["conv2d0_pre_relu_conv.weight"]
        #expect(network["conv2d0_pre_relu_conv.bias"].allSatisfy { $0 == 0 })
        for neuron in 0..<64 {
            let planes = (0..<3).map { Array(weights[(neuron * 3 + $0) * 49..<(neuron * 3 + $0 + 1) * 49]) }
            for plane in planes { #expect(abs(plane.reduce(0, +)) < 1e-4) }
            #expect(abs(planes.joined().reduce(0) { $0 + $1 * $1 } - 2) < 1e-4)
            // What sees brightness sees no colour, and what sees colour sees no brightness.
            let isBrightness = planes[0] == planes[1] && planes[1] == planes[2]
            let sums = (0..<49).map { planes[0][$0] + planes[1][$0] + planes[2][$0] }
            #expect(neuron < 32 ? isBrightness : sums.allSatisfy { abs($0) < 1e-5 })
        }
        // Neuron 0 sees upright waves: its columns are alike, and its mirror image across a row is itself.
        let upright = Array(weights[0..<49])
        for place in 0..<49 { #expect(abs(upright[place] - upright[(6 - place / 7) * 7 + place % 7]) < 1e-6) }
    }
}
