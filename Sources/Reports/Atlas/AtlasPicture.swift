// SPDX-License-Identifier: MIT

/// A picture of a neuron as one model sees it, or the try at one that failed.
public struct AtlasPicture: Equatable, Sendable {
    /// The model.
    public let model: String
    /// The layer.
    public let layer: String
    /// The neuron's channel; nil for a direction in the layer's space.
    public let channel: Int?
    /// Which of the diverse pictures of the neuron it is; nil where there is one.
    public let variant: Int?
    /// The number of steps after which the campaign wants a picture.
    public let threshold: Int
    /// The steps that were made.
    public let steps: Int
    /// The campaign's seed.
    public let seed: Int
    /// Where the picture is, below the atlas; nil where it failed.
    public let file: String?
    /// The objective of the picture as written.
    public let objective: Double?
    /// The objective at each step.
    ///
    /// In single precision, and one piece of memory for all thresholds of a picture: of a large atlas, traces are
    /// half of what is in memory.
    public let trace: ArraySlice<Float>
    /// Why there is no picture.
    public let error: String?
    /// What its likeness to the base model's is judged by.
    public let signature: PictureSignature?

    /// Describes a picture.
    public init(
        model: String,
        layer: String,
        channel: Int?,
        variant: Int? = nil,
        threshold: Int,
        steps: Int,
        seed: Int,
        file: String?,
        objective: Double?,
        trace: ArraySlice<Float>,
        error: String? = nil,
        signature: PictureSignature? = nil
    ) {
        self.model = model
        self.layer = layer
        self.channel = channel
        self.variant = variant
        self.threshold = threshold
        self.steps = steps
        self.seed = seed
        self.file = file
        self.objective = objective
        self.trace = trace
        self.error = error
        self.signature = signature
    }

    /// The neuron as it is asked for: `mixed4a_3x3:12`, or `mixed4a_3x3:direction`.
    public var neuron: String { neuronName(layer: layer, channel: channel) }
}

/// A neuron's name of its layer and channel.
func neuronName(layer: String, channel: Int?) -> String {
    "\(layer):\(channel.map(String.init) ?? "direction")"
}
