// SPDX-License-Identifier: MIT

@testable import Networks

/// The network in float64 from its definition, forward and back, for comparison: plain loops over plain arrays.
///
/// It shares nothing with the code that it checks but the table of layers and the weights.
struct SlowNetwork {
    /// How ReLU's gradient is taken where its input was negative.
    let negativeSlope: Double

    private let weights: NetworkWeights

    /// A network with some weights.
    init(_ weights: NetworkWeights, negativeSlope: Double) {
        self.weights = weights
        self.negativeSlope = negativeSlope
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
        /// In the order in which poolings run: "maxpool0", a block's pooling by the name of its layer, and so on.
        var places: [String: [Int]] = [:]
    }

    /// The objective of a channel, its mean, with the gradient with respect to the image.
    func run(_ image: [Double], side: Int, target: String, channel: Int) -> (Double, gradient: [Double], Decisions) {
        var tape = Tape(network: self, target: target, channel: channel)
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
