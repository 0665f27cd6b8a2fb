// SPDX-License-Identifier: MIT

internal import ComputeEngine

/// What one picture is made for: a combination of a layer's channels that is to become large.
public enum PictureObjective: Hashable, Sendable {
    /// A neuron of the layer.
    case neuron(Int)
    /// A neuron of the layer that is to become small.
    case negative(Int)
    /// A direction in the layer's space: one factor a channel.
    case direction([Float])

    /// One factor a channel of the layer.
    func coefficients(count: Int) -> [Float] {
        switch self {
        case .neuron(let neuron): (0..<count).map { $0 == neuron ? 1 : 0 }
        case .negative(let neuron): (0..<count).map { $0 == neuron ? -1 : 0 }
        case .direction(let factors): factors
        }
    }

    /// The same combination of the layer's filters, each of so many values.
    func combine(_ filters: [Float], width: Int) -> [Float] {
        switch self {
        case .neuron(let neuron): return Array(filters[neuron * width..<(neuron + 1) * width])
        case .negative(let neuron): return filters[neuron * width..<(neuron + 1) * width].map { -$0 }
        case .direction(let factors):
            return (0..<width).map { index in
                Float(factors.indices.reduce(0.0) { $0 + Double(factors[$1]) * Double(filters[$1 * width + index]) })
            }
        }
    }
}

/// Where in the layer's maps the objective looks.
public enum ObjectivePlace: String, Hashable, Sendable, Codable {
    /// The mean over all places.
    case mean
    /// The place in the middle.
    case center
}

/// What the pictures of a batch are made for.
public struct BatchObjective: Hashable, Sendable {
    /// One wish a picture, as many as run together.
    public let wishes: [PictureObjective]
    /// Where it looks.
    public let place: ObjectivePlace
    /// How many pictures in succession are to differ from one another; 1 where each stands for itself.
    public let diversity: Int

    /// Describes an objective; the wishes of a short batch are filled up with the last one.
    public init(wishes: [PictureObjective], place: ObjectivePlace, diversity: Int) {
        precondition(!wishes.isEmpty && wishes.count <= CompiledNetwork.batchSize, "a batch has a picture or more")
        precondition((1...CompiledNetwork.batchSize).contains(diversity), "pictures that differ run together")
        let missing = CompiledNetwork.batchSize - wishes.count
        self.wishes = wishes + [PictureObjective](repeating: wishes[wishes.count - 1], count: missing)
        self.place = place
        self.diversity = diversity
    }

    /// The memory that comparing pictures takes beside the network's own: plain copies of their maps, and Gram matrices.
    public static func byteCount(for layer: Layer, side: Int, diversity: Int) -> Int {
        guard diversity > 1 else { return 0 }
        let reduction = InceptionV1.inputSide / max(1, layer.side)
        let places = layer.window == nil ? 4 : (side / reduction + 1) * (side / reduction + 1)
        let grams = layer.neuronCount * layer.neuronCount * (4 + 8 * (diversity + 3))
        return (diversity + 2) * layer.neuronCount * places * 4 + grams
    }

    /// How much it counts that pictures differ, beside their objectives: the factor of lucid's published examples.
    static let diversityWeight = 100.0
}
