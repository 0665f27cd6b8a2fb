// SPDX-License-Identifier: MIT

/// Random numbers that a seed decides: SplitMix64.
struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Starts a stream of its own for a seed and some numbers.
    init(_ numbers: UInt64...) {
        state = numbers.reduce(0x9E37_79B9_7F4A_7C15) { mixed($0 ^ $1) }
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return mixed(state)
    }

    /// A number from 0 up to, but not including, 1.
    mutating func fraction() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Whether something with this probability happens.
    mutating func happens(_ probability: Double) -> Bool { fraction() < probability }

    /// A time between two others.
    mutating func duration(_ range: ClosedRange<Double>) -> Duration {
        .microseconds(Int((range.lowerBound + fraction() * (range.upperBound - range.lowerBound)) * 1e6))
    }
}

/// Spreads every bit of a number over all bits of the result.
func mixed(_ number: UInt64) -> UInt64 {
    var bits = number
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
}

extension Duration {
    /// This time in seconds.
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
