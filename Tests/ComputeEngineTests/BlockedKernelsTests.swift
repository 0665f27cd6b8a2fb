// SPDX-License-Identifier: MIT

import Testing

@testable import ComputeEngine

/// Values for tests, positive and negative, that repeat nowhere soon.
func sampleValues(_ count: Int, seed: Int = 1) -> [Float] {
    (0..<count).map { Float(($0 &* 7919 &+ seed &* 104_729) % 2003) / 100 - 10 }
}

/// Feature maps in the blocked layout, made from and read as plain image, channel, row, column order.
struct BlockedMap {
    let shape: MapShape
    let buffer: FloatBuffer

    init(_ shape: MapShape, plain: [Float]? = nil) throws {
        self.shape = shape
        buffer = try FloatBuffer(count: shape.count)
        guard let plain else { return }
        let block = CPUEngine.channelBlock
        let pixels = shape.side * shape.side
        buffer.all.withMutableValues { values in
            for image in 0..<shape.images {
                for channel in 0..<shape.channels {
                    for pixel in 0..<pixels {
                        let place = ((channel / block) * pixels + pixel) * block + channel % block
                        values[image * shape.imageCount + place] =
                            plain[(image * shape.channels + channel) * pixels + pixel]
                    }
                }
            }
        }
    }

    /// All images in plain order, by the kernel under test.
    var plain: [Float] {
        (0..<shape.images).flatMap { image in
            var values = [Float](repeating: .nan, count: shape.channels * shape.side * shape.side)
            var span = values.mutableSpan
            BlockedKernels.copyPlain(buffer.all, shape, image: image, into: &span)
            return values
        }
    }

    /// Whether the channels that fill up the last block are zeros.
    var isFillingZero: Bool {
        let block = CPUEngine.channelBlock
        let pixels = shape.side * shape.side
        return buffer.all.withValues { values in
            for image in 0..<shape.images {
                for channel in shape.channels..<shape.paddedChannels {
                    for pixel in 0..<pixels {
                        let place = ((channel / block) * pixels + pixel) * block + channel % block
                        if values[image * shape.imageCount + place] != 0 { return false }
                    }
                }
            }
            return true
        }
    }
}

@Suite("Kernels over blocked feature maps", .timeLimit(.minutes(120)))
struct BlockedKernelsTests {
    static let shapes = [
        MapShape(images: 1, channels: 1, side: 1), MapShape(images: 2, channels: 7, side: 3),
        MapShape(images: 1, channels: 8, side: 5), MapShape(images: 3, channels: 17, side: 9),
        MapShape(images: 2, channels: 64, side: 4), MapShape(images: 1, channels: 204, side: 11),
    ]

    @Test("Copying out of the blocked layout gives what was put in", arguments: shapes)
    func copiesPlain(shape: MapShape) throws {
        let plain = sampleValues(shape.images * shape.channels * shape.side * shape.side)
        #expect(try BlockedMap(shape, plain: plain).plain == plain)
    }

    @Test("Local response normalisation agrees with its formula in float64", arguments: shapes)
    func normalizes(shape: MapShape) throws {
        let plain = sampleValues(shape.images * shape.channels * shape.side * shape.side).map { $0 * 30 }
        let source = try BlockedMap(shape, plain: plain)
        let output = try BlockedMap(shape)
        let alpha: Float = 0.01
        BlockedKernels.normalizeAcrossChannels(source.buffer.all, into: output.buffer.all, shape, alpha: alpha)
        let pixels = shape.side * shape.side
        for (index, actual) in output.plain.enumerated() {
            let (image, channel, pixel) =
                (index / (shape.channels * pixels), index / pixels % shape.channels, index % pixels)
            func rectified(_ channel: Int) -> Double {
                max(0, Double(plain[(image * shape.channels + channel) * pixels + pixel]))
            }
            let window = max(0, channel - 4)...min(shape.channels - 1, channel + 4)
            let sum = window.reduce(0.0) { $0 + rectified($1) * rectified($1) }
            let expected = rectified(channel) / (1 + Double(alpha) / 9 * sum).squareRoot()
            // A few roundings of float32 each.
            #expect(abs(Double(actual) - expected) <= 1e-6 * max(1, expected), "at \(index) of \(shape)")
        }
        #expect(output.isFillingZero)
    }

    @Test("Rectifying puts maps side by side and leaves filling at zero", arguments: [false, true])
    func rectifies(isAffine: Bool) throws {
        let widths = [24, 9, 16]
        let shapes = widths.map { MapShape(images: 2, channels: $0, side: 3) }
        let total = shapes.reduce(0) { $0 + $1.paddedChannels }
        let wide = MapShape(images: 2, channels: total, side: 3)
        let output = try BlockedMap(wide)
        var first = 0
        var expected: [Int: Float] = [:]
        for (number, shape) in shapes.enumerated() {
            let plain = sampleValues(2 * shape.channels * 9, seed: number)
            let scale = sampleValues(shape.channels, seed: 7)
            let shift = sampleValues(shape.channels, seed: 8)
            let affine = isAffine ? try BlockedKernels.ChannelAffine(scale: scale, shift: shift) : nil
            BlockedKernels.rectify(
                try BlockedMap(shape, plain: plain).buffer.all,
                shape,
                affine: affine,
                into: output.buffer.all,
                wide,
                firstChannel: first
            )
            for (index, value) in plain.enumerated() {
                let (image, channel, pixel) = (index / (shape.channels * 9), index / 9 % shape.channels, index % 9)
                let moved = isAffine ? value * scale[channel] + shift[channel] : value
                expected[(image * total + first + channel) * 9 + pixel] = max(0, moved)
            }
            first += shape.paddedChannels
        }
        for (index, value) in output.plain.enumerated() {
            #expect(abs(value - (expected[index] ?? 0)) <= 1e-4, "at \(index)")
        }
    }
}
