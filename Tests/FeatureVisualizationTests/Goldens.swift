// SPDX-License-Identifier: MIT

import ComputeEngine
import Foundation
import Testing

@testable import FeatureVisualization

/// What the Python reference computed: every `step`-th value, and moments of all.
struct Golden: Decodable {
    let step: Int
    let start: Int
    let count: Int
    let size: Int
    let mean: Double
    let meanSquare: Double

    static let all: [String: Golden] = {
        guard let data = try? Data(contentsOf: url("samples.json")) else { return [:] }
        return (try? JSONDecoder().decode([String: Golden].self, from: data)) ?? [:]
    }()
    private static let samples = read("samples.npy")
    /// A picture of 3 × 224 × 224 colours.
    static let picture = read("picture.npy")
    /// A spectrum of 3 × 224 × 113 complex numbers.
    static let spectrum = read("spectrum.npy")

    static func named(_ name: String) throws -> Golden { try #require(all[name], "there is no golden \(name)") }

    var values: [Float] { Array(Self.samples[start..<(start + count)]) }

    /// The sampled values' greatest distance from those of a whole array.
    func distance(from array: [Float]) throws -> Float {
        try #require(array.count == size, "the sizes must be the same")
        return zip(values, Swift.stride(from: 0, to: size, by: step)).map { abs($0 - array[$1]) }.max() ?? .infinity
    }

    /// The relative distance of an array's mean square from that of the whole golden array.
    func differenceOfMeanSquares(from array: [Float]) -> Double {
        abs(array.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(size) / meanSquare - 1)
    }

    private static func url(_ name: String) -> URL {
        Bundle.module.bundleURL.appendingPathComponent("Resources/\(name)")
    }

    private static func read(_ name: String) -> [Float] {
        guard let data = try? Data(contentsOf: url(name)), data.count > 128 else { return [] }
        let bytes = [UInt8](data.dropFirst(128))
        return unsafe bytes.withUnsafeBytes { unsafe Array($0.bindMemory(to: Float.self)) }
    }
}

/// Uniform numbers between −1 and 1 by SplitMix64 from the FNV-1a digest of a name, as the goldens' cotangents are made.
func cotangent(_ name: String, count: Int) -> [Float] {
    var state = name.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    return (0..<count).map { _ in
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        z ^= z >> 31
        return Float(2 * (Double(z >> 40) * 0x1p-24) - 1)
    }
}

/// A square of pixels with memory of its own, which is read and written as three planes.
struct TestGrid {
    let grid: PixelGrid

    init(side: Int) throws {
        grid = PixelGrid(side: side, in: try FloatBuffer(count: 4 * side * side).all)
    }

    init(planes: [Float], side: Int) throws {
        try self.init(side: side)
        grid.write(planes)
    }

    /// Three planes, padded on all sides.
    init(planes: [Float], side: Int, padding: Int, value: Float) throws {
        try self.init(side: side + 2 * padding)
        grid.fill(with: SIMD4(repeating: value))
        grid.inset(by: padding).write(planes)
    }
}

extension PixelGrid {
    func write(_ planes: [Float]) {
        let area = side * side
        for index in 0..<area {
            let pixel = SIMD4(planes[index], planes[area + index], planes[2 * area + index], 0)
            unsafe storePixel(pixel, row(index / side), index % side)
        }
    }

    var planes: [Float] {
        let area = side * side
        return (0..<3 * area).map { unsafe loadPixel(row($0 % area / side), $0 % side)[$0 / area] }
    }

    /// The sum of products with another square's values, in float64.
    func product(with other: PixelGrid) -> Double {
        zip(planes, other.planes).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
}

extension FloatRegion {
    func write(_ values: [Float]) {
        withMutableValues { span in
            for index in values.indices { span[index] = values[index] }
        }
    }

    var array: [Float] { withValues { span in span.indices.map { span[$0] } } }
}

extension PictureState {
    /// Descends along an array.
    func descends(step: Int, along gradient: [Float], using workspace: PictureWorkspace) -> Bool {
        descend(step: step, along: gradient.span, using: workspace)
    }
}
