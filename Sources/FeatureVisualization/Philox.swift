// SPDX-License-Identifier: MIT

/// The counter-based generator Philox4x32-10.
///
/// It is that of Salmon, Moraes, Dror and Shaw 2011. It has no state: each counter has its own 128 random bits, which any worker can compute at any time.
struct Philox {
    private let key: SIMD2<UInt32>

    /// The first word of the key is the lower one.
    init(key: SIMD2<UInt32>) {
        self.key = key
    }

    /// The four random words of a counter.
    func words(at counter: SIMD4<UInt32>) -> SIMD4<UInt32> {
        var words = counter
        var key = key
        for round in 0..<10 {
            if round > 0 { key &+= SIMD2(0x9E37_79B9, 0xBB67_AE85) }
            let first = words[0].multipliedFullWidth(by: 0xD251_1F53)
            let second = words[2].multipliedFullWidth(by: 0xCD9E_8D57)
            words = SIMD4(second.high ^ words[1] ^ key[0], second.low, first.high ^ words[3] ^ key[1], first.low)
        }
        return words
    }
}
