// SPDX-License-Identifier: MIT

import ComputeEngine
import SystemSupport
import Testing

@testable import Networks

/// A seeded network of the reference.
struct GoldenNetwork: Sendable, CustomTestStringConvertible {
    let name: String
    let batchNorm: Bool

    var testDescription: String { name }
    func weights() throws -> NetworkWeights { try NetworkWeights(seed: 10, batchNorm: batchNorm) }

    static let all = [GoldenNetwork(name: "A", batchNorm: false), GoldenNetwork(name: "A-bn", batchNorm: true)]
}

/// Runs a network on four images; the outputs of all four, one after the other, by layer.
func activations(_ weights: NetworkWeights, _ wanted: [String], of images: [Float]) throws -> [String: [Float]] {
    let network = try CompiledNetwork(weights, wanted: wanted)
    return try activations(NetworkInstance(of: network), of: images)
}

func activations(_ instance: NetworkInstance, of images: [Float]) throws -> [String: [Float]] {
    var outputs: [String: [Float]] = [:]
    try instance.run { input in
        for index in images.indices { input[index] = images[index] }
    } deliver: { output in
        let count = output.layer.featureCount
        var values = [Float](repeating: 0, count: 4 * count)
        for image in 0..<4 {
            var one = [Float](repeating: 0, count: count)
            var span = one.mutableSpan
            output.copy(image: image, into: &span)
            values.replaceSubrange(image * count..<(image + 1) * count, with: one)
        }
        outputs[output.layer.name] = values
    }
    return outputs
}

let allLayers = InceptionV1.layers.map(\.name)

@Suite("The forward pass", .timeLimit(.minutes(120)))
struct ForwardTests {
    /// The reference itself is within 7.2e-7 of the same network in float64; Winograd's sums add about 1e-6.
    static let tolerance: Float = 2e-5

    @Test("Activations agree with the Python reference", arguments: GoldenNetwork.all)
    func agreesWithReference(network: GoldenNetwork) throws {
        let golden = try GoldenActivations.load()
        let outputs = try activations(network.weights(), allLayers, of: GoldenActivations.images())
        let samples = golden.samples.filter { ($0.key.hasPrefix("A-bn-") ? "A-bn" : "A") == network.name }
        #expect(samples.count >= 5)
        for (name, sample) in samples {
            let layer = String(name.dropFirst(network.name.count + 1))
            let values = try #require(outputs[layer])
            #expect(values.count == sample.shape.reduce(1, *))
            let expected = try GoldenActivations.values(name)
            var worst: Float = 0
            for (index, value) in expected.enumerated() {
                worst = max(worst, abs(values[index * sample.step] - value))
            }
            #expect(worst <= Self.tolerance * sample.largest, "\(name): \(worst / sample.largest) of the largest value")
        }
    }

    @Test("Mean, spread and extremes of all 58 layers agree with the Python reference", arguments: GoldenNetwork.all)
    func statisticsAgree(network: GoldenNetwork) throws {
        let golden = try #require(try GoldenActivations.load().statistics[network.name])
        let outputs = try activations(network.weights(), allLayers, of: GoldenActivations.images())
        #expect(outputs.count == 58)
        for (name, values) in outputs {
            let expected = try #require(golden[name])
            let mean = values.reduce(0.0) { $0 + Double($1) } / Double(values.count)
            let squares = values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
            let spread = (squares / Double(values.count - 1)).squareRoot()
            let actual = [mean, spread, Double(values.min() ?? .nan), Double(values.max() ?? .nan)]
            let largest = max(abs(expected[2]), abs(expected[3]))
            for (one, other) in zip(actual, expected) {
                #expect(abs(one - other) <= 2e-5 * largest, "\(name): \(actual), expected \(expected)")
            }
        }
    }

    @Test("No kernel of the network is reference code", arguments: GoldenNetwork.all)
    func usesNoReferenceCode(network: GoldenNetwork) throws {
        let compiled = try CompiledNetwork(network.weights(), wanted: allLayers)
        #expect(compiled.implementations.count == 57 + 1 + 1)
        for (operation, implementation) in compiled.implementations {
            #expect(!implementation.contains("ref"), "\(operation) runs as \(implementation)")
        }
    }

    @Test("An image's activations do not depend on its neighbours in the batch, nor on what else is wanted")
    func doesNotDependOnNeighbours() throws {
        let images = try GoldenActivations.images()
        let one = images.count / 4
        let weights = try NetworkWeights(seed: 10, batchNorm: false)
        let layers = ["conv2d2", "mixed4a_3x3", "mixed5b_1x1", "logits"]
        let together = try activations(weights, allLayers, of: images)
        // The third image alone, at another place, beside zeros.
        var alone = [Float](repeating: 0, count: images.count)
        alone.replaceSubrange(0..<one, with: images[2 * one..<3 * one])
        let apart = try activations(weights, layers, of: alone)
        for name in layers {
            let (a, b) = (try #require(together[name]), try #require(apart[name]))
            let count = a.count / 4
            #expect(a[2 * count..<3 * count].elementsEqual(b[0..<count]), "\(name)")
        }
    }

    @Test("Two threads that share a network compute the same bits as one")
    func doesNotDependOnThreads() throws {
        let images = try GoldenActivations.images()
        let network = try CompiledNetwork(
            NetworkWeights(seed: 12, batchNorm: false),
            wanted: ["mixed4d_3x3", "logits"]
        )
        let results = Monitor<[Int: [[String: [Float]]]]>([:])
        try onThreads(2, named: "forward") { thread in
            let instance = try NetworkInstance(of: network)
            for _ in 0..<3 {
                let outputs = try activations(instance, of: images)
                results.withLock { $0[thread, default: []].append(outputs) }
            }
        }
        let all = results.withLock { $0.values.flatMap { $0 } }
        #expect(all.count == 6)
        for other in all.dropFirst() { #expect(other == all[0]) }
    }

    @Test(
        "Only what the wanted layers need is run",
        arguments: [
            ("conv2d0", 1), ("conv2d1", 4), ("mixed3a_1x1", 9), ("mixed3a_3x3", 11), ("mixed3a_pool_reduce", 10),
        ]
    )
    func runsOnlyWhatIsNeeded(layer: String, operations: Int) {
        let program = ForwardProgram(images: 4, side: 224, batchNorm: false, wanted: [layer])
        #expect(program.operations.count == operations)
    }

    @Test("Maps that live at the same time never share memory", arguments: [false, true])
    func placementIsSafe(batchNorm: Bool) throws {
        let program = ForwardProgram(images: 4, side: 224, batchNorm: batchNorm, wanted: Set(allLayers))
        let placement = program.placement()
        let (offsets, count) = (placement.offsets, placement.count)
        // The same rule, found out the slow way: each map's first and last use.
        for first in offsets.keys {
            for second in offsets.keys where first < second {
                let lives = [first, second].map { map in
                    let uses = program.operations.indices.filter {
                        program.operations[$0].source == map || program.operations[$0].destination == map
                    }
                    return (uses.min() ?? 0)...(uses.max() ?? 0)
                }
                guard lives[0].overlaps(lives[1]) else { continue }
                let (a, b) = (try #require(offsets[first]), try #require(offsets[second]))
                #expect(a + program.maps[first].storageCount <= b || b + program.maps[second].storageCount <= a)
            }
        }
        let separate = offsets.keys.reduce(0) { $0 + program.maps[$1].storageCount }
        #expect(count * 3 < separate, "sharing must save most of the memory")
    }
}
