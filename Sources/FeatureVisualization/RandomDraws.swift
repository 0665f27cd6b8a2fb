// SPDX-License-Identifier: MIT

/// Random numbers of one picture, or one layer, for one purpose at one step.
///
/// The generator's key is the campaign's seed. Its counter holds the digest of what the numbers
/// belong to (two words), the step, and the purpose in the upper eight bits of the last word, above
/// the number of the block. This is a format: campaigns must go on drawing the same numbers.
struct RandomDraws {
    /// What numbers are drawn for.
    enum Purpose: UInt32 {
        /// The spectrum that a picture starts from.
        case spectrum = 1
        /// A layer's scale, which decides the size of its network's input.
        case scale = 2
        /// A picture's shifts and its angle.
        case placement = 3
    }

    private let generator: Philox
    private let counter: SIMD4<UInt32>

    init(seed: UInt64, digest: UInt64, purpose: Purpose, step: Int) {
        precondition(step >= 0 && step <= UInt32.max, "steps are counted in 32 bits")
        generator = Philox(key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)))
        counter = SIMD4(
            UInt32(truncatingIfNeeded: digest),
            UInt32(truncatingIfNeeded: digest >> 32),
            UInt32(truncatingIfNeeded: step),
            purpose.rawValue << 24
        )
    }

    /// A block of four words.
    func words(_ block: Int) -> SIMD4<UInt32> {
        precondition(block >= 0 && block < 1 << 24, "blocks are counted in 24 bits")
        var counter = counter
        counter[3] |= UInt32(block)
        return generator.words(at: counter)
    }

    /// Two independent Gaussian numbers, by Box and Muller from 53 bits each.
    func gaussians(_ block: Int) -> SIMD2<Double> {
        let words = words(block)
        // From (0, 1], whose logarithm is finite, and from [0, 1).
        let radius = (-2 * naturalLogarithm(Double(bits53(words[0], words[1]) + 1) * 0x1p-53)).squareRoot()
        let turn = Double(bits53(words[2], words[3])) * 0x1p-53
        return radius * sineAndCosine(turns: turn)
    }

    private func bits53(_ low: UInt32, _ high: UInt32) -> UInt64 {
        (UInt64(high) << 32 | UInt64(low)) >> 11
    }
}

/// One of `count` numbers from 0, by the upper half of a product: no probability is off by more than 2⁻³².
func choice(of count: Int, from word: UInt32) -> Int {
    Int((UInt64(word) * UInt64(count)) >> 32)
}
