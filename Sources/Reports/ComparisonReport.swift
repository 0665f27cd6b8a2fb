// SPDX-License-Identifier: MIT

public import RepresentationSimilarity

/// The similarities of all wanted pairs of models on all wanted layers.
public struct ComparisonReport: Equatable, Sendable {
    /// Two models on one layer.
    public struct Pair: Equatable, Sendable {
        /// The layer.
        public let layer: String
        /// The model that the campaign names first.
        public let a: String
        /// The other model.
        public let b: String
        /// The similarity in each epoch.
        public let epochs: [Similarity]

        /// Puts the epochs of a pair together.
        public init(layer: String, a: String, b: String, epochs: [Similarity]) {
            self.layer = layer
            self.a = a
            self.b = b
            self.epochs = epochs
        }

        /// The mean over epochs of the biased CKA, the reference's result; nil where one is undefined.
        public var cka: Double? { mean(epochs.map(\.cka)) }

        /// The mean over epochs of the debiased CKA; nil where one is undefined.
        public var debiased: Double? { mean(epochs.map(\.debiased)) }

        /// Why a value is missing.
        public var reason: UndefinedReason? { epochs.lazy.compactMap(\.reason).first }
    }

    /// The campaign's id.
    public let campaign: String
    /// Images an epoch.
    public let images: Int
    /// The number of epochs.
    public let epochs: Int
    /// The models, in the campaign's order.
    public let models: [String]
    /// The layers, in the network's order.
    public let layers: [String]
    /// The pairs: layer by layer, in the order of the models.
    public let pairs: [Pair]

    /// Puts a report together.
    public init(campaign: String, images: Int, epochs: Int, models: [String], layers: [String], pairs: [Pair]) {
        self.campaign = campaign
        self.images = images
        self.epochs = epochs
        self.models = models
        self.layers = layers
        self.pairs = pairs
    }
}

private func mean(_ values: [Double?]) -> Double? {
    let defined = values.compactMap { $0 }
    guard defined.count == values.count, !defined.isEmpty else { return nil }
    return defined.reduce(0, +) / Double(defined.count)
}
