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
) throws -> (objectives: [Double], gradients: [[Float]], decisions: Decisions) {
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
    let decisions = Decisions(of: instance)
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

func relativeDistance(_ a: [Double], _ b: [Double]) -> Double {
    let distance = zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return (distance / b.reduce(0) { $0 + $1 * $1 }).squareRoot()
}

@Suite("Gradients with respect to the image")
struct GradientTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let image: GradientImage
        let layer: String
        var isTight = false

        var testDescription: String { "\(image.rawValue) \(layer)" }
    }

    static let cases = [
        Case(image: .seed248, layer: "mixed4a_3x3", isTight: true),
        Case(image: .seed273, layer: "mixed4a_3x3", isTight: true),
        Case(image: .seed224, layer: "conv2d2", isTight: true),
        Case(image: .seed224, layer: "mixed4a_3x3"),
        Case(image: .seed224, layer: "mixed5a_5x5"),
        Case(image: .seed224, layer: "logits"),
        Case(image: .seed273, layer: "logits"),
        Case(image: .photo000, layer: "mixed4a_3x3"),
        Case(image: .photo000, layer: "mixed4d_pool_reduce"),
    ]

    /// A pooling's place or a ReLU's sign that rounding turns over changes a gradient by up to 4 % of its largest value.
    ///
    /// So the reference itself is within 1.1 % (by norm) of float64 where one does, and within 7e-7 of the largest value
    /// where none does. Where none differs from float64, which there agrees with the golden run, 1e-5 is asked.
    @Test("They agree with the Python reference", arguments: cases, [RectifierGradient.tenth, .blocked])
    func agreeWithReference(test: Case, mode: RectifierGradient) throws {
        let weights = try NetworkWeights(seed: 10, batchNorm: false)
        let image = try test.image.values()
        let name = "gradient-\(test.image.rawValue)-\(test.layer)-\(mode == .tenth ? "redirected" : "plain")"
        let golden = try #require(try GoldenGradient.load()[name])
        let expected = try GoldenActivations.values(name).map { Double($0) }
        let result = try gradients(weights, test.layer, meanOf(7), side: test.image.side, mode, images: [image])
        #expect(abs(result.objectives[0] - golden.objective) <= 2e-5 * abs(golden.objective))
        let actual = expected.indices.map { Double(result.gradients[0][$0 * golden.step]) }
        #expect(relativeDistance(actual, expected) <= 2e-2)
        guard test.isTight, mode == .tenth else { return }
        let slow = SlowNetwork(weights, negativeSlope: 0.1)
        let (_, gradient, decisions) = slow.run(
            image.map { Double($0) },
            side: test.image.side,
            target: test.layer,
            channel: 7
        )
        let differing = result.decisions.differing(from: decisions)
        #expect(differing <= 3, "\(differing) decisions differ from float64's")
        let worst = zip(actual, expected).map { abs($0 - $1) }.max() ?? .infinity
        if differing == 0 { #expect(worst <= 1e-5 * golden.largest, "\(worst / golden.largest) of the largest") }
        // That float64 stands for the golden run here is checked too.
        let reference = expected.indices.map { gradient[$0 * golden.step] }
        let distance = zip(reference, expected).map { abs($0 - $1) }.max() ?? .infinity
        #expect(distance <= 1e-6 * golden.largest)
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
        let slow = SlowNetwork(weights, negativeSlope: 0.1)
        let (objective, expected, decisions) = slow.run(image.map { Double($0) }, side: side, target: layer, channel: 3)
        let result = try gradients(weights, layer, meanOf(3), side: side, .tenth, images: [image])
        let largest = expected.map(abs).max() ?? 0
        let scale = max(1, abs(objective))
        #expect(abs(result.objectives[0] - objective) <= 2e-4 * scale)
        let worst = zip(result.gradients[0], expected).map { abs(Double($0) - $1) }.max() ?? .infinity
        // Decisions within rounding of a tie may differ; where none does, only float32's rounding is left.
        let differing = result.decisions.differing(from: decisions)
        #expect(differing <= 2)
        #expect(worst <= (differing == 0 ? 2e-5 : 0.1) * largest, "\(worst / largest), \(differing) decisions differ")
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
        let slow = SlowNetwork(weights, negativeSlope: 0)
        let side = 32
        let image = noise(named: "finite", count: 3 * side * side).map { Double($0) }
        let (_, gradient, _) = slow.run(image, side: side, target: layer, channel: 5)
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
