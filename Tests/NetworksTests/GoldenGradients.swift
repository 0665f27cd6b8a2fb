// SPDX-License-Identifier: MIT

import Foundation
import Testing

@testable import Networks

/// Gradients that the Python reference computed for channel 7 of a layer of network A, with respect to the image.
struct GoldenGradient: Decodable {
    /// Every `step`-th value is kept, in C order.
    let step: Int
    /// The largest of all values.
    let largest: Double
    /// The objective, the channel's mean.
    let objective: Double

    static func load() throws -> [String: GoldenGradient] {
        try JSONDecoder().decode([String: GoldenGradient].self, from: GoldenActivations.resource("gradients.json"))
    }
}

/// An image that a gradient is taken at.
enum GradientImage: String, CaseIterable, Sendable {
    case photo000, seed224, seed248, seed273

    var side: Int { Int(rawValue.suffix(3)) ?? 0 == 0 ? 224 : Int(rawValue.suffix(3)) ?? 224 }

    /// 3 × side × side values: the first photograph, or noise from −117 to 138.
    func values() throws -> [Float] {
        guard self != .photo000 else { return Array(try GoldenActivations.images().prefix(3 * 224 * 224)) }
        return noise(named: "lucid_input_\(side)", count: 3 * side * side)
    }
}

/// Uniform noise from −117 to 138, SplitMix64's from the FNV-1a digest of a name.
func noise(named name: String, count: Int) -> [Float] {
    var state = name.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    return (0..<count).map { _ in
        state &+= 0x9e37_79b9_7f4a_7c15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
        bits ^= bits >> 31
        return Float(Double(bits >> 40) * 0x1p-24 * 255 - 117)
    }
}
