// SPDX-License-Identifier: MIT

import Testing

@testable import Networks

/// The network in float64 from its definition, forward and back, for comparison: plain loops over plain arrays.
///
/// It shares nothing with the code that it checks but the table of layers and the weights.
struct SlowNetwork {
    private let weights: NetworkWeights

    /// A network with some weights.
    init(_ weights: NetworkWeights) {
        self.weights = weights
    }

    /// Feature maps of one image: channels, rows, columns.
    struct Maps {
        /// The number of channels.
        var channels: Int
        /// Rows and columns.
        var side: Int
        /// The values.
        var values: [Double]

        /// Makes maps.
        init(channels: Int, side: Int, values: [Double]) {
            self.channels = channels
            self.side = side
            self.values = values
        }
    }

    /// What a run decided: for each ReLU where its input was negative, for each pooling which place each window took.
    struct Decisions {
        /// By layer.
        var negative: [String: [Bool]] = [:]
        /// By pooling: "maxpool0", a block's pooling by the name of its layer, and so on; a place for each window.
        var places: [String: [Int]] = [:]
        /// Windows whose place is another than that, by pooling.
        var turnedPlaces: [String: [Int: Int]] = [:]
        /// Values whose sign is another than that, by layer.
        var turnedSigns: [String: [Int]] = [:]

        /// The signs of a layer's values, where those that were computed are given.
        func signs(of layer: String, computed: [Bool]) -> [Bool] {
            var signs = negative[layer] ?? computed
            for index in turnedSigns[layer] ?? [] { signs[index].toggle() }
            return signs
        }

        /// The windows of a pooling that are decided, with the places that they take.
        func places(of pooling: String) -> [(window: Int, place: Int)] {
            (places[pooling] ?? []).enumerated().map { ($0, $1) }
                + (turnedPlaces[pooling] ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        }
    }

    /// The held decisions that a run would not have taken itself.
    struct Overruled {
        /// How many there were.
        private(set) var count = 0
        /// By how much the run's own choice was the clearer one, at most: a share of the map's largest value.
        private(set) var clearest = 0.0

        mutating func add(_ margin: Double) {
            count += 1
            clearest = max(clearest, margin)
        }

        /// Expects that each was within float32's rounding of a tie.
        ///
        /// Rounding is 7e-7 of a map's largest value at most. Where a photograph is flat, neighbouring places are equal, and
        /// Winograd's algorithm, which computes them in different ways, decides between them at will.
        func expectTies(_ location: SourceLocation = #_sourceLocation) {
            #expect(clearest <= 2e-6, "\(count) decisions differ", sourceLocation: location)
        }
    }

    /// What came of a run.
    struct Outcome {
        /// The mean of the channel.
        let objective: Double
        let decisions: Decisions
        let overruled: Overruled
        /// The objective's gradient with respect to the image, with a slope for ReLUs whose input was negative.
        let gradient: (Double) -> [Double]
    }

    /// The objective of a channel, its mean, with the gradient with respect to the image.
    func run(
        _ image: [Double],
        side: Int,
        target: String,
        channel: Int,
        holding held: Decisions = Decisions()
    ) -> Outcome {
        var tape = Tape(network: self, target: target, channel: channel, held: held)
        return tape.run(Maps(channels: 3, side: side, values: image))
    }

    /// The objective alone.
    func objective(_ image: [Double], side: Int, target: String, channel: Int) -> Double {
        var tape = Tape(network: self, target: target, channel: channel)
        return tape.forward(Maps(channels: 3, side: side, values: image))
    }

    func layer(_ name: String) -> Layer {
        guard let layer = InceptionV1.layer(named: name) else { preconditionFailure("tests name layers that exist") }
        return layer
    }

    func parameters(_ layer: Layer) -> (weights: [Double], biases: [Double]) {
        (weights.weights(of: layer).map { Double($0) }, weights.biases(of: layer).map { Double($0) })
    }

    /// Batch norm in inference from its definition, epsilon 1e-5; nil without batch norm.
    func batchNorm(_ name: String) -> (scale: [Double], shift: [Double])? {
        guard weights.usesBatchNorm else { return nil }
        func values(_ part: String) -> [Double] { weights["\(name)_pre_relu_bn.\(part)"].map { Double($0) } }
        let (gamma, beta) = (values("weight"), values("bias"))
        let scale = zip(gamma, values("running_var")).map { $0 / ($1 + 1e-5).squareRoot() }
        let mean = values("running_mean")
        return (scale, scale.indices.map { beta[$0] - mean[$0] * scale[$0] })
    }
}
