// SPDX-License-Identifier: MIT

import Foundation
import Testing

@testable import Networks

/// Activations that the Python reference computed, as `Resources/activations.json` describes them.
struct GoldenActivations: Decodable {
    struct Sample: Decodable {
        let step: Int
        let largest: Float
        let shape: [Int]
    }

    /// Every `step`-th value of a layer's activations of four images, in C order.
    let samples: [String: Sample]
    /// Mean, standard deviation, least and greatest value of every layer.
    let statistics: [String: [String: [Double]]]

    static func load() throws -> GoldenActivations {
        try JSONDecoder().decode(GoldenActivations.self, from: try resource("activations.json"))
    }

    static func values(_ name: String) throws -> [Float] {
        try plainValues(resource(name + ".npy"))
    }

    /// The four images, 3 × 224 × 224 each, as the network reads them.
    static func images() throws -> [Float] {
        let bytes = try npyBytes(resource("first-four-images.npy"))
        let pixels = 224 * 224
        return (0..<4 * 3 * pixels).map { index in
            let (image, channel, pixel) = (index / (3 * pixels), index / pixels % 3, index % pixels)
            return Float(bytes[(image * pixels + pixel) * 3 + channel]) - 117
        }
    }

    static func resource(_ name: String) throws -> Data {
        let url = Bundle.module.bundleURL.appendingPathComponent("Resources/\(name)")
        return try Data(contentsOf: url)
    }

    private static func npyBytes(_ data: Data) throws -> [UInt8] {
        let bytes = [UInt8](data)
        try #require(bytes.count > 10 && bytes[1...5].elementsEqual("NUMPY".utf8))
        return Array(bytes.dropFirst(10 + Int(bytes[8]) + 256 * Int(bytes[9])))
    }

    private static func plainValues(_ data: Data) throws -> [Float] {
        let bytes = try npyBytes(data)
        return stride(from: 0, to: bytes.count, by: 4).map { at in
            Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[at + $1]) << (8 * UInt32($1)) })
        }
    }
}
