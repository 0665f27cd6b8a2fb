// SPDX-License-Identifier: MIT

import ComputeEngine
import Testing

@testable import Networks

/// The objectives and gradients of a batch; the gradients of the objective, not of the loss.
func gradients(
    _ weights: NetworkWeights,
    _ layer: String,
    _ objective: BatchObjective,
    side: Int,
    _ mode: RectifierGradient,
    images: [[Float]]
) throws -> (objectives: [Double], gradients: [[Float]], decisions: SlowNetwork.Decisions) {
    let network = try GradientNetwork(weights, target: layer)
    let plan = try GradientInstance.Plan(of: network, side: side, objective: objective)
    let memory = try FloatBuffer(count: plan.floatCount)
    let instance = try GradientInstance(plan, memory: memory.all)
    func fill() {
        for index in 0..<CompiledNetwork.batchSize {
            let image = images[min(index, images.count - 1)]
            instance.withImage(index) { values in
                for place in image.indices { values[place] = image[place] }
            }
        }
    }
    fill()
    let evaluated = try instance.evaluate()
    let decisions = SlowNetwork.Decisions(of: instance)
    fill()
    let objectives = try instance.differentiate(mode)
    #expect(evaluated == objectives, "the way forward does not depend on the way back")
    let gradients = images.indices.map { index in
        var gradient = [Float](repeating: .nan, count: instance.imageCount)
        var span = gradient.mutableSpan
        instance.copyGradient(of: index, into: &span)
        return gradient.map { -$0 }
    }
    return (Array(objectives.prefix(images.count)), gradients, decisions)
}

func meanOf(_ neuron: Int) -> BatchObjective {
    BatchObjective(wishes: [.neuron(neuron)], place: .mean, diversity: 1)
}

/// The greatest distance of two lists of numbers, as a share of a largest value.
func worstDistance(_ a: [Double], _ b: [Double], of largest: Double) -> Double {
    zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) } / largest
}

@Suite("Gradients with respect to the image", .timeLimit(.minutes(120)))
struct GradientTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let image: GradientImage
        let layer: String
        /// Where the reference's float32 took another place than float64: pooling, window, place.
        var places: [String: [Int: Int]] = [:]
        /// Where it took another sign, by layer.
        var signs: [String: [Int]] = [:]

        var testDescription: String { "\(image.rawValue) \(layer)" }
    }

    static let cases = [
        Case(image: .seed248, layer: "mixed4a_3x3"),
        Case(image: .seed273, layer: "mixed4a_3x3"),
        Case(image: .seed224, layer: "conv2d2"),
        Case(image: .seed224, layer: "mixed4a_3x3", places: ["maxpool4": [4995: 20016]]),
        Case(
            image: .seed224,
            layer: "mixed5a_5x5",
            places: ["maxpool4": [4995: 20016], "maxpool10": [24341: 97389]]
        ),
        Case(
            image: .seed224,
            layer: "logits",
            places: ["maxpool4": [4995: 20016], "maxpool10": [24341: 97389], "mixed5a_pool": [24340: 24348]]
        ),
        Case(
            image: .seed273,
            layer: "logits",
            places: ["mixed4d_pool": [102_491: 102_491, 102_492: 102_491, 102_508: 102_491, 102_509: 102_491]],
            signs: ["mixed4c_5x5_bottleneck": [6449]]
        ),
        Case(
            image: .photo000,
            layer: "mixed4a_3x3",
            places: ["maxpool0": [86853: 347_306], "maxpool4": [12471: 49862]]
        ),
        Case(
            image: .photo000,
            layer: "mixed4d_pool_reduce",
            places: ["maxpool0": [86853: 347_306], "maxpool4": [12471: 49862]]
        ),
    ]

    /// The engine's sums are within 2.4e-6 of float64's here with Winograd's algorithm and AVX-512, and within 1.7e-6
    /// without it.
    static let tolerance = 1e-5

    /// Held to the decisions that the engine took, float64 differs from it by rounding alone.
    ///
    /// A max-pooling decides for a place and a ReLU for a sign: rounding that turns one over changes a gradient by up to 4 %
    /// of its largest value, whatever the precision of all else. Each decision must be within rounding of a tie.
    @Test("They agree with float64 that takes the same decisions", arguments: cases)
    func agreeWithFloat64(test: Case) throws {
        let weights = try NetworkWeights(seed: 10, batchNorm: false)
        let image = try test.image.values()
        let modes: [(RectifierGradient, slope: Double)] = [(.tenth, 0.1), (.blocked, 0)]
        let results = try modes.map {
            try gradients(weights, test.layer, meanOf(7), side: test.image.side, $0.0, images: [image])
        }
        let slow = SlowNetwork(weights).run(
            image.map { Double($0) },
            side: test.image.side,
            target: test.layer,
            channel: 7,
            holding: results[0].decisions
        )
        slow.overruled.expectTies()
        for ((_, slope), result) in zip(modes, results) {
            let expected = slow.gradient(slope)
            let largest = expected.map(abs).max() ?? 0
            #expect(abs(result.objectives[0] - slow.objective) <= 2e-6 * abs(slow.objective))
            let worst = worstDistance(result.gradients[0].map { Double($0) }, expected, of: largest)
            #expect(worst <= Self.tolerance, "\(worst) of the largest value at slope \(slope)")
        }
    }

    /// The golden gradients were made in float32, which decided otherwise than float64 in the few windows that are named.
    @Test("The Python reference agrees with float64 that takes its decisions", arguments: cases)
    func referenceAgreesWithFloat64(test: Case) throws {
        let weights = try NetworkWeights(seed: 10, batchNorm: false)
        var decisions = SlowNetwork.Decisions()
        decisions.turnedPlaces = test.places
        decisions.turnedSigns = test.signs
        let slow = SlowNetwork(weights).run(
            try test.image.values().map { Double($0) },
            side: test.image.side,
            target: test.layer,
            channel: 7,
            holding: decisions
        )
        slow.overruled.expectTies()
        let turned = test.places.values.reduce(0) { $0 + $1.count } + test.signs.values.reduce(0) { $0 + $1.count }
        #expect(slow.overruled.count == turned)
        for (mode, slope) in [("redirected", 0.1), ("plain", 0)] {
            let name = "gradient-\(test.image.rawValue)-\(test.layer)-\(mode)"
            let golden = try #require(try GoldenGradient.load()[name])
            let expected = try GoldenActivations.values(name).map { Double($0) }
            #expect(abs(slow.objective - golden.objective) <= 2e-6 * abs(golden.objective))
            let gradient = slow.gradient(slope)
            let actual = expected.indices.map { gradient[$0 * golden.step] }
            let worst = worstDistance(actual, expected, of: golden.largest)
            #expect(worst <= 1.5e-6, "\(worst) of the largest value at slope \(slope)")
        }
    }

    static let smallCases: [(layer: String, side: Int, batchNorm: Bool)] =
        [
            "conv2d0", "conv2d1", "conv2d2", "mixed3a_1x1", "mixed3a_pool_reduce", "mixed3b_3x3_bottleneck",
            "mixed3b_3x3",
        ]
        .map { ($0, 39, false) }
        + ["mixed4a_1x1", "mixed4a_3x3", "mixed4a_5x5", "mixed4a_pool_reduce"].map { ($0, 40, false) }
        + [("mixed4b_5x5_bottleneck", 40, false), ("mixed4e_pool_reduce", 48, false), ("mixed5a_5x5", 64, false)]
        + [("conv2d0", 32, true), ("conv2d2", 33, true), ("mixed3b_5x5", 40, true), ("mixed4b_1x1", 47, true)]

    @Test("They agree with the slow network in float64 for every kind of layer", arguments: smallCases)
    func agreeWithSlowNetwork(layer: String, side: Int, batchNorm: Bool) throws {
        let weights = try NetworkWeights(seed: 12, batchNorm: batchNorm)
        let image = noise(named: "small \(side)", count: 3 * side * side)
        let result = try gradients(weights, layer, meanOf(3), side: side, .tenth, images: [image])
        let slow = SlowNetwork(weights).run(
            image.map { Double($0) },
            side: side,
            target: layer,
            channel: 3,
            holding: result.decisions
        )
        slow.overruled.expectTies()
        #expect(abs(result.objectives[0] - slow.objective) <= 1e-5 * max(1, abs(slow.objective)))
        let expected = slow.gradient(0.1)
        let largest = expected.map(abs).max() ?? 0
        let worst = worstDistance(result.gradients[0].map { Double($0) }, expected, of: largest)
        #expect(worst <= Self.tolerance, "\(worst) of the largest value")
    }

    @Test(
        "The slow network's gradient is that of finite differences",
        arguments: [
            ("conv2d0", false), ("conv2d2", true), ("mixed3a_pool_reduce", true), ("mixed4a_3x3", false),
            ("mixed5a_5x5", false),
        ]
    )
    func slowNetworkIsRight(layer: String, batchNorm: Bool) throws {
        let weights = try NetworkWeights(seed: 10, batchNorm: batchNorm)
        // Blocked where negative, as the true derivative is.
        let slow = SlowNetwork(weights)
        let side = 32
        let image = noise(named: "finite", count: 3 * side * side).map { Double($0) }
        let gradient = slow.run(image, side: side, target: layer, channel: 5).gradient(0)
        let largest = gradient.map(abs).max() ?? 0
        #expect(largest > 0)
        var checked = 0
        for place in stride(from: 17, to: image.count, by: 509) {
            // A kink between the two points spoils a difference: the two step sizes then disagree, and it does not count.
            let slopes = [1e-4, 2e-4].map { step in
                let sides = [step, -step].map { shift in
                    var moved = image
                    moved[place] += shift
                    return slow.objective(moved, side: side, target: layer, channel: 5)
                }
                return (sides[0] - sides[1]) / (2 * step)
            }
            guard abs(slopes[0] - slopes[1]) <= 1e-6 * largest else { continue }
            checked += 1
            #expect(abs(slopes[0] - gradient[place]) <= 1e-5 * largest)
        }
        #expect(checked >= 4)
    }

    @Test(
        "No kernel of the way forward and back is reference code",
        arguments: GoldenNetwork.all,
        ["mixed5b_5x5", "logits"]
    )
    func usesNoReferenceCode(network: GoldenNetwork, layer: String) throws {
        let gradient = try GradientNetwork(network.weights(), target: layer)
        for side in [224, 249, 250, 251, 273] {
            let plan = try GradientInstance.Plan(of: gradient, side: side, objective: meanOf(1))
            let implementations = GradientInstance.implementations(of: plan)
            #expect(implementations.count == (layer == "logits" ? 78 : 74), "all convolutions are the engine's")
            for (operation, implementation) in implementations {
                #expect(!implementation.contains("ref"), "\(operation) runs as \(implementation)")
            }
        }
    }
}
