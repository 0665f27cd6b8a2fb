// SPDX-License-Identifier: MIT

import Foundation
import Testing

@testable import FeatureVisualization

@Suite("Random numbers", .timeLimit(.minutes(120)))
struct RandomDrawsTests {
    struct Vector: CustomTestStringConvertible {
        let counter: SIMD4<UInt32>
        let key: SIMD2<UInt32>
        let words: SIMD4<UInt32>

        var testDescription: String { "counter \(counter)" }
    }

    /// The known answers that Random123, the authors' library, is published with.
    private static let vectors = [
        Vector(
            counter: .zero,
            key: .zero,
            words: SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)
        ),
        Vector(
            counter: SIMD4(repeating: .max),
            key: SIMD2(repeating: .max),
            words: SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)
        ),
        Vector(
            counter: SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
            key: SIMD2(0xa409_3822, 0x299f_31d0),
            words: SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)
        ),
    ]

    @Test("Philox gives its authors' known answers", arguments: vectors)
    func givesKnownAnswers(vector: Vector) {
        #expect(Philox(key: vector.key).words(at: vector.counter) == vector.words)
    }

    @Test("Every part of what numbers belong to changes them")
    func belongsToEverything() {
        var blocks: Set<SIMD4<UInt32>> = []
        var count = 0
        for seed in [UInt64(0), 1, 1 << 32] {
            for layer in ["mixed4a_3x3", "mixed4a_5x5", "logits", "a", ""] {
                for neuron in [-1, 0, 1, 256, 1023] {
                    for variant in 0..<3 {
                        let identity = PictureIdentity(seed: seed, layer: layer, neuron: neuron, variant: variant)
                        for purpose in [RandomDraws.Purpose.spectrum, .scale, .placement] {
                            for step in [0, 1, 512] {
                                let draws = identity.draws(for: purpose, step: step)
                                for block in [0, 1, (1 << 24) - 1] {
                                    blocks.insert(draws.words(block))
                                    count += 1
                                }
                            }
                        }
                    }
                }
            }
        }
        #expect(blocks.count == count)
    }

    @Test("All neurons of a large network have digests of their own")
    func digestsDiffer() {
        var digests: Set<UInt64> = []
        for layer in 0..<58 {
            for neuron in -1..<1024 {
                var digest = NameDigest("mixed\(layer)")
                digest.add(neuron)
                digests.insert(digest.value)
            }
        }
        #expect(digests.count == 58 * 1025)
    }

    @Test("The numbers stay what they are: they are a format")
    func staysTheSame() {
        let identity = PictureIdentity(seed: 0xFEED_0000_0000_0001, layer: "mixed4a_3x3", neuron: 7, variant: 0)
        let frozen = SIMD4<UInt32>(1_706_521_341, 3_285_597_558, 950_461_819, 2_066_241_183)
        #expect(identity.draws(for: .placement, step: 3).words(1) == frozen)
        let gaussians = identity.draws(for: .spectrum, step: 0).gaussians(5)
        #expect([gaussians[0], gaussians[1]] == [-0.327_887_142_190_782_1, -0.155_227_728_113_140_45])
    }

    @Test("A choice takes all values about equally often", arguments: [2, 4, 5, 8, 9, 11, 26])
    func choosesEvenly(count: Int) {
        let identity = PictureIdentity(seed: 3, layer: "logits", neuron: count, variant: 0)
        let draws = identity.draws(for: .placement, step: 1)
        var tallies = [Int](repeating: 0, count: count)
        let total = 4 * 5_000
        for block in 0..<(total / 4) {
            let words = draws.words(block)
            for lane in 0..<4 { tallies[choice(of: count, from: words[lane])] += 1 }
        }
        let expected = Double(total) / Double(count)
        let chiSquare = tallies.reduce(0.0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
        // Mean n − 1, variance 2 (n − 1): five standard deviations above are not met by chance, and the seed is fixed.
        let freedom = Double(count - 1)
        #expect(chiSquare < freedom + 5 * (2 * freedom).squareRoot())
    }

    @Test("The ends of the words' range give the first and the last choice")
    func choosesAtTheEnds() {
        for count in [1, 8, 26] {
            #expect(choice(of: count, from: 0) == 0)
            #expect(choice(of: count, from: .max) == count - 1)
        }
    }

    @Test("Gaussian numbers have the moments of the normal distribution, and both of a pair are independent")
    func drawsGaussians() {
        let draws = PictureIdentity(seed: 5, layer: "conv2d0", neuron: 0, variant: 0).draws(for: .spectrum, step: 0)
        let count = 40_000
        let pairs = (0..<count).map { draws.gaussians($0) }
        func mean(_ value: (SIMD2<Double>) -> Double) -> Double { pairs.reduce(0) { $0 + value($1) } / Double(count) }
        // Five standard errors of each mean.
        let unit = 5 / Double(count).squareRoot()
        for lane in 0..<2 {
            #expect(abs(mean { $0[lane] }) < unit)
            #expect(abs(mean { $0[lane] * $0[lane] } - 1) < unit * 2.0.squareRoot())
            #expect(abs(mean { $0[lane] * $0[lane] * $0[lane] }) < unit * 15.0.squareRoot())
            #expect(abs(mean { $0[lane] * $0[lane] * $0[lane] * $0[lane] } - 3) < unit * 96.0.squareRoot())
        }
        #expect(abs(mean { $0[0] * $0[1] }) < unit)
    }

    @Test("Our logarithm, sine and cosine agree with the C library's to the last digits")
    func agreesWithTheLibrary() {
        for index in 1...2_000 {
            let x = Double(index) / 2_000
            #expect(abs(naturalLogarithm(x) - log(x)) <= 4e-16 * max(1, abs(log(x))))
            let turned = sineAndCosine(turns: x)
            // The library's argument is rounded, which costs it as much.
            #expect(abs(turned[0] - sin(2 * .pi * x)) < 1e-15)
            #expect(abs(turned[1] - cos(2 * .pi * x)) < 1e-15)
        }
        for exponent in 1...53 {
            let x = scalbn(1.0, -exponent)
            #expect(abs(naturalLogarithm(x) - log(x)) <= 1e-14)
        }
    }
}
