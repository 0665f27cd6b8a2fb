// SPDX-License-Identifier: MIT

extension NetworkWeights {
    /// A network whose parameters follow from a number, for tests and demonstrations.
    ///
    /// Each value is v = 2u − 1 of 24 random bits u, scaled: weights by √(6 / inputs), convolutions' biases by 10,
    /// batch norm to 1 + v/2, v, 10v and 1 + 500(v + 1). The random numbers are SplitMix64's, started for each
    /// tensor with the FNV-1a digest of its name and the seed.
    public init(seed: NetworkSeed, batchNorm: Bool) throws(WeightsError) {
        let shapes = Dictionary(
            uniqueKeysWithValues: Self.tensors(batchNorm: batchNorm).map { ($0.name, $0.shape) }
        )
        let filters = seed.seesEdges ? GaborFilters.tensors : [:]
        try self.init(batchNorm: batchNorm, strict: true) { name in
            shapes[name].map { ($0, filters[name] ?? seededValues(name: name, shape: $0, seed: seed.number)) }
        }
    }

    /// Reads "seeded:10" or "gabor:10"; nil for what does not start like that.
    public static func seed(parsing text: String) throws(WeightsError) -> NetworkSeed? {
        for (prefix, seesEdges) in [("seeded:", false), ("gabor:", true)] where text.hasPrefix(prefix) {
            guard let number = UInt64(text.dropFirst(prefix.count)) else { throw .badSeed(text) }
            return NetworkSeed(number, seesEdges: seesEdges)
        }
        return nil
    }
}

/// What a network's parameters follow from.
public struct NetworkSeed: Equatable, Sendable, ExpressibleByIntegerLiteral {
    /// The number that random ones are drawn from.
    public let number: UInt64
    /// Whether the first two layers see edges in place of something random.
    public let seesEdges: Bool

    /// Names parameters.
    public init(_ number: UInt64, seesEdges: Bool = false) {
        self.number = number
        self.seesEdges = seesEdges
    }

    /// Names random parameters.
    public init(integerLiteral value: UInt64) {
        self.init(value)
    }
}

private func seededValues(name: String, shape: [Int], seed: UInt64) -> [Float] {
    var state = name.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 } ^ seed
    let scale: (Double) -> Double
    if name.hasSuffix("running_mean") {
        scale = { 10 * $0 }
    } else if name.hasSuffix("running_var") {
        scale = { 1 + 1000 * ($0 + 1) / 2 }
    } else if name.hasSuffix("bn.weight") {
        scale = { 1 + 0.5 * $0 }
    } else if name.hasSuffix("bn.bias") || name == "logits.bias" {
        scale = { $0 }
    } else if name.hasSuffix(".bias") {
        scale = { 10 * $0 }
    } else {
        let factor = (6 / Double(shape.dropFirst().reduce(1, *))).squareRoot()
        scale = { $0 * factor }
    }
    return (0..<shape.reduce(1, *)).map { _ in
        state &+= 0x9e37_79b9_7f4a_7c15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
        bits ^= bits >> 31
        return Float(scale(2 * (Double(bits >> 40) * 0x1p-24) - 1))
    }
}
