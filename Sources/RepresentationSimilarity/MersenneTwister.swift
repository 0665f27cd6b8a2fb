// SPDX-License-Identifier: MIT

/// The generator MT19937 of Matsumoto and Nishimura 1998, which PyTorch draws its shuffles from.
public struct MersenneTwister: RandomNumberGenerator, Sendable {
    private var state: [UInt32]
    private var position = 624

    /// Starts the generator as the authors' `init_genrand`.
    public init(seed: UInt32) {
        state = [seed]
        for index in 1..<624 {
            let previous = state[index - 1]
            state.append(1_812_433_253 &* (previous ^ (previous >> 30)) &+ UInt32(index))
        }
    }

    /// The next 32 bits.
    public mutating func nextWord() -> UInt32 {
        if position == 624 { refill() }
        var word = state[position]
        position += 1
        word ^= word >> 11
        word ^= (word << 7) & 0x9d2c_5680
        word ^= (word << 15) & 0xefc6_0000
        return word ^ (word >> 18)
    }

    /// The next 64 bits: the first word is the upper half, as in PyTorch.
    public mutating func next() -> UInt64 {
        let upper = UInt64(nextWord())
        return upper << 32 | UInt64(nextWord())
    }

    private mutating func refill() {
        for index in 0..<624 {
            let mixed = (state[index] & 0x8000_0000) | (state[(index + 1) % 624] & 0x7fff_ffff)
            state[index] = state[(index + 397) % 624] ^ (mixed >> 1) ^ (mixed & 1 == 0 ? 0 : 0x9908_b0df)
        }
        position = 0
    }
}
