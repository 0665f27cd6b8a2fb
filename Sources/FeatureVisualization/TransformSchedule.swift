// SPDX-License-Identifier: MIT

/// Which transforms a layer's pictures go through at each step, and so which sizes its network must take.
///
/// The scale is drawn for the layer, since its pictures run together; all else is each picture's own. Steps are counted from 1.
public struct TransformSchedule: Hashable, Sendable {
    /// The campaign's seed.
    public let seed: UInt64
    /// The layer's name.
    public let layer: String
    /// The number of rows and of columns of a picture.
    public let size: Int
    /// Whose pictures are made.
    public let compatibility: Compatibility
    /// The transforms.
    public let transforms: TransformSet

    private let layerDigest: UInt64

    /// Plans the transforms of a layer's pictures, which have 32 rows and columns at least.
    public init(
        seed: UInt64,
        layer: String,
        size: Int,
        compatibility: Compatibility,
        transforms: TransformSet
    ) {
        precondition(size >= 32, "a picture has 32 rows and columns at least")
        self.seed = seed
        self.layer = layer
        self.size = size
        self.compatibility = compatibility
        self.transforms = transforms
        layerDigest = NameDigest(layer).value
    }

    /// The number of rows and of columns of the network's input at a step.
    public func side(at step: Int) -> Int {
        transforms == .none ? size : geometry(scale: scaleIndex(at: step)).finalSide
    }

    /// Every side that can occur, ascending.
    public var sides: [Int] {
        guard transforms == .standard else { return [size] }
        return Set(TransformGeometry.scales.indices.map { geometry(scale: $0).finalSide }).sorted()
    }

    /// The greatest side of a picture between its transforms.
    var greatestSide: Int {
        guard transforms == .standard else { return size }
        return TransformGeometry.scales.indices.map { geometry(scale: $0).rotatedSide }.max() ?? size
    }

    func geometry(scale index: Int) -> TransformGeometry {
        TransformGeometry(size: size, compatibility: compatibility, scaleIndex: index)
    }

    func scaleIndex(at step: Int) -> Int {
        let draws = RandomDraws(seed: seed, digest: layerDigest, purpose: .scale, step: step)
        return choice(of: TransformGeometry.scales.count, from: draws.words(0)[0])
    }

    /// What a picture goes through at a step.
    func choices(for picture: PictureIdentity, step: Int) -> TransformChoices {
        precondition(picture.seed == seed && picture.layer == layer, "the picture must be one of the schedule's")
        let draws = picture.draws(for: .placement, step: step)
        let words = (draws.words(0), draws.words(1))
        let counts = compatibility == .lucent ? (first: 8, second: 4) : (first: 9, second: 5)
        return TransformChoices(
            firstJitter: (choice(of: counts.first, from: words.0[0]), choice(of: counts.first, from: words.0[1])),
            scaleIndex: scaleIndex(at: step),
            degrees: TransformChoices.angles[choice(of: TransformChoices.angles.count, from: words.0[2])],
            secondJitter: (choice(of: counts.second, from: words.0[3]), choice(of: counts.second, from: words.1[0]))
        )
    }
}

/// What one picture goes through at one step.
struct TransformChoices {
    /// The angles in degrees, positive ones anticlockwise as displayed; no turn is as likely as any six others.
    static let angles = Array(-10...10) + [0, 0, 0, 0, 0]

    let firstJitter: (x: Int, y: Int)
    let scaleIndex: Int
    let degrees: Int
    let secondJitter: (x: Int, y: Int)
}
