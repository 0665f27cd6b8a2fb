// SPDX-License-Identifier: MIT

/// What a picture's random numbers belong to: never the network, the batch, the worker or the attempt.
///
/// So two networks start from the same image and go through the same transforms, and their pictures can be compared.
public struct PictureIdentity: Hashable, Codable, Sendable {
    /// The campaign's seed.
    public let seed: UInt64
    /// The layer's name.
    public let layer: String
    /// The neuron's number in the layer, −1 for a direction.
    public let neuron: Int
    /// The number of the picture among those of the same neuron.
    public let variant: Int

    /// Names a picture.
    public init(seed: UInt64, layer: String, neuron: Int, variant: Int) {
        self.seed = seed
        self.layer = layer
        self.neuron = neuron
        self.variant = variant
    }

    /// The picture's own sequence of random numbers for a purpose.
    func draws(for purpose: RandomDraws.Purpose, step: Int) -> RandomDraws {
        var digest = NameDigest(layer)
        digest.add(neuron)
        digest.add(variant)
        return RandomDraws(seed: seed, digest: digest.value, purpose: purpose, step: step)
    }
}

/// FNV-1a (Fowler, Noll and Vo) over a layer's name and numbers, 64 bits.
struct NameDigest {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    /// Takes in the name's bytes and a zero, which ends it.
    init(_ name: String) {
        for byte in name.utf8 { add(byte) }
        add(UInt8(0))
    }

    /// Takes in a number as eight bytes, the lowest first.
    mutating func add(_ number: Int) {
        let bits = UInt64(bitPattern: Int64(number))
        for shift in stride(from: UInt64(0), to: 64, by: 8) { add(UInt8(truncatingIfNeeded: bits >> shift)) }
    }

    private mutating func add(_ byte: UInt8) {
        value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
    }
}
