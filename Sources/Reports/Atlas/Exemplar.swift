// SPDX-License-Identifier: MIT

/// An image of the data set that drives a neuron more than almost all others do.
public struct Exemplar: Equatable, Sendable {
    /// The model.
    public let model: String
    /// The layer.
    public let layer: String
    /// The neuron's channel; nil for a direction.
    public let channel: Int?
    /// Its place among the neuron's images, from 0.
    public let rank: Int
    /// The image's path below the deepest folder that all images of the array are in; any text.
    public let image: String
    /// The image's row in the array of activations.
    public let row: Int
    /// The neuron's activation.
    public let value: Double
    /// Where a small copy of the image is, below the atlas.
    public let file: String

    /// Describes an image.
    public init(
        model: String,
        layer: String,
        channel: Int?,
        rank: Int,
        image: String,
        row: Int,
        value: Double,
        file: String
    ) {
        self.model = model
        self.layer = layer
        self.channel = channel
        self.rank = rank
        self.image = image
        self.row = row
        self.value = value
        self.file = file
    }
}
