// SPDX-License-Identifier: MIT

public import FeatureVisualization
public import Networks

/// How pictures of neurons are made: what a picture depends on besides its network and its neuron.
public struct PictureSettings: Codable, Equatable, Hashable, Sendable {
    /// What a picture is made for.
    public enum Objective: String, Codable, Sendable, CaseIterable {
        /// A neuron's mean over all places is to become large.
        case channel
        /// A neuron's value in the middle is to become large.
        case center
        /// A neuron's mean is to become small.
        case negative
        /// The mean along a direction in the layer's space is to become large.
        case direction
    }

    /// Rows and columns of a picture.
    public let size: Int
    /// After which steps a picture is kept, ascending.
    public let thresholds: [Int]
    /// What random numbers are drawn from.
    public let seed: UInt64
    /// Whose pictures are made.
    public let compatibility: Compatibility
    /// What a picture is made for.
    public let objective: Objective
    /// How many pictures of a neuron are to differ from one another.
    public let diversity: Int
    /// What happens to a picture before the network sees it.
    public let transforms: TransformSet

    /// Describes how pictures are made.
    public init(
        size: Int,
        thresholds: [Int],
        seed: UInt64,
        compatibility: Compatibility,
        objective: Objective,
        diversity: Int,
        transforms: TransformSet
    ) {
        self.size = size
        self.thresholds = thresholds
        self.seed = seed
        self.compatibility = compatibility
        self.objective = objective
        self.diversity = diversity
        self.transforms = transforms
    }

    /// The steps of a picture.
    public var steps: Int { thresholds.max() ?? 0 }

    /// The bytes of one picture's thresholds, as pixels and as files.
    var keptByteCount: Int { thresholds.count * 9 * size * size }

    /// The memory that a worker needs for one thread, roughly, so that a user can be told in time.
    ///
    /// A network's maps take 125 MiB for four images of 273 pixels, weights and libraries 250 MiB.
    public var workerBytes: Int {
        let side = Double(size + 49) / 273
        return Int(Double(125 << 20) * side * side) + 4 * diversity * keptByteCount + 250 << 20
    }

    /// The transforms of a layer's pictures.
    public func schedule(for layer: String) -> TransformSchedule {
        TransformSchedule(seed: seed, layer: layer, size: size, compatibility: compatibility, transforms: transforms)
    }

    /// The smallest size with these transforms that a layer can be pictured at; at most `sizes.upperBound`.
    func leastSize(for layer: Layer) -> Int {
        let needed = GradientNetwork.leastSide(for: layer)
        return Self.sizes.first { size in
            let schedule = TransformSchedule(
                seed: seed,
                layer: layer.name,
                size: size,
                compatibility: compatibility,
                transforms: transforms
            )
            return size >= needed && (schedule.sides.first ?? 0) >= needed
        } ?? Self.sizes.upperBound
    }

    /// Whether pictures of a layer can be made so.
    public func isPossible(for layer: Layer) -> Bool {
        Self.sizes.contains(size) && Self.diversities.contains(diversity) && size >= leastSize(for: layer)
    }

    /// The sizes that pictures can have.
    static let sizes = 32...1024
    /// How many pictures of a neuron can be made to differ: as many as run together.
    static let diversities = 1...CompiledNetwork.batchSize
}
