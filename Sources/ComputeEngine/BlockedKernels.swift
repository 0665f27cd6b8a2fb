// SPDX-License-Identifier: MIT

private import CVectors

/// Kernels of our own over blocked feature maps, for what the engine has only in reference code.
///
/// They are written for any block of 8 or 16 channels in vectors of 8, and touch each value once.
public enum BlockedKernels {
    /// An affine map of each channel, as inference-time batch normalisation is: x · scale + shift.
    public struct ChannelAffine: Sendable {
        let scale: FloatBuffer
        let shift: FloatBuffer

        /// Fills up the channels to whole blocks with zeros, so that filling stays zero.
        public init(scale: [Float], shift: [Float]) throws(ComputeError) {
            precondition(scale.count == shift.count, "one scale and one shift a channel")
            let padded = MapShape(images: 1, channels: scale.count, side: 1).paddedChannels
            let filling = [Float](repeating: 0, count: padded - scale.count)
            self.scale = try FloatBuffer(copying: scale + filling)
            self.shift = try FloatBuffer(copying: shift + filling)
        }
    }

    /// Writes max(0, x), or max(0, x · scale + shift), into the channels of a wider map from `firstChannel` on.
    ///
    /// Source and destination may be the same region where the shapes are the same.
    public static func rectify(
        _ source: FloatRegion,
        _ shape: MapShape,
        affine: ChannelAffine? = nil,
        into destination: FloatRegion,
        _ destinationShape: MapShape,
        firstChannel: Int
    ) {
        let block = CPUEngine.channelBlock
        let width = shape.imageCount
        let start = firstChannel * shape.side * shape.side
        precondition(firstChannel % block == 0, "channels are written by whole blocks")
        precondition(shape.side == destinationShape.side && shape.images == destinationShape.images, "maps must fit")
        precondition(firstChannel + shape.paddedChannels <= destinationShape.paddedChannels, "channels must fit")
        precondition(source.count >= shape.count && destination.count >= destinationShape.count, "regions must fit")
        for image in 0..<shape.images {
            let input = unsafe source.pointer + image * width
            let output = unsafe destination.pointer + image * destinationShape.imageCount + start
            guard let affine else {
                unsafe rectify(input, output, count: width)
                continue
            }
            let blockCount = block * shape.side * shape.side
            for first in stride(from: 0, to: shape.paddedChannels, by: block) {
                let offset = first * shape.side * shape.side
                unsafe rectify(
                    input + offset,
                    output + offset,
                    count: blockCount,
                    scale: affine.scale.base + first,
                    shift: affine.shift.base + first,
                    block: block
                )
            }
        }
    }

    private static func rectify(
        _ input: UnsafeMutablePointer<Float>,
        _ output: UnsafeMutablePointer<Float>,
        count: Int
    ) {
        let from = UnsafeRawPointer(input)
        let to = UnsafeMutableRawPointer(output)
        for offset in stride(from: 0, to: count * 4, by: 32) {
            let x = unsafe from.load(fromByteOffset: offset, as: SIMD8<Float>.self)
            unsafe to.storeBytes(of: x.replacing(with: 0, where: x .< 0), toByteOffset: offset, as: SIMD8<Float>.self)
        }
    }

    private static func rectify(
        _ input: UnsafeMutablePointer<Float>,
        _ output: UnsafeMutablePointer<Float>,
        count: Int,
        scale: UnsafeMutablePointer<Float>,
        shift: UnsafeMutablePointer<Float>,
        block: Int
    ) {
        for half in stride(from: 0, to: block, by: 8) {
            let factor = unsafe UnsafeRawPointer(scale + half).load(as: SIMD8<Float>.self)
            let offset = unsafe UnsafeRawPointer(shift + half).load(as: SIMD8<Float>.self)
            for start in stride(from: half, to: count, by: block) {
                let x = unsafe UnsafeRawPointer(input + start).load(as: SIMD8<Float>.self)
                let y = x * factor + offset
                unsafe UnsafeMutableRawPointer(output + start)
                    .storeBytes(of: y.replacing(with: 0, where: y .< 0), as: SIMD8<Float>.self)
            }
        }
    }

    /// Local response normalisation across nine channels, x / √(1 + alpha/9 · Σ x²), of maps that are rectified on the way.
    ///
    /// Channels outside the map count as zeros. For inputs that are not negative rectifying changes nothing.
    /// The formula is that of Krizhevsky et al. 2012, with the division by the window's size that PyTorch makes.
    public static func normalizeAcrossChannels(
        _ source: FloatRegion,
        into destination: FloatRegion,
        _ shape: MapShape,
        alpha: Float
    ) {
        precondition(source.count >= shape.count && destination.count >= shape.count, "regions must fit")
        let block = CPUEngine.channelBlock
        let pixels = shape.side * shape.side
        let blocks = shape.paddedChannels / block
        // Squares of some pixels are written before any is read: a read that spans two fresh writes has to wait.
        let tile = 16
        let line = shape.paddedChannels + 2 * squaresMargin
        unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: tile * line) { squares in
            guard let lines = squares.baseAddress else { return }
            unsafe squares.initialize(repeating: 0)
            for image in 0..<shape.images {
                let input = unsafe source.pointer + image * shape.imageCount
                let output = unsafe destination.pointer + image * shape.imageCount
                for first in stride(from: 0, to: pixels, by: tile) {
                    let count = min(tile, pixels - first)
                    for index in 0..<blocks {
                        let place = unsafe input + (index * pixels + first) * block
                        unsafe square(place, into: lines + squaresMargin + index * block, line, count, block)
                    }
                    for index in 0..<blocks {
                        let place = (index * pixels + first) * block
                        unsafe normalize(
                            input + place,
                            into: output + place,
                            by: lines + squaresMargin - 4 + index * block,
                            line,
                            count,
                            block,
                            alpha / 9
                        )
                    }
                }
            }
        }
    }

    /// Zeros on both sides of a pixel's squares, for windows that reach outside the channels.
    private static let squaresMargin = 8

    /// Squares a block of channels of some pixels; each pixel's squares lie in a line of its own.
    @inline(__always)
    private static func square(
        _ input: UnsafeMutablePointer<Float>,
        into lines: UnsafeMutablePointer<Float>,
        _ line: Int,
        _ count: Int,
        _ block: Int
    ) {
        for pixel in 0..<count {
            for half in stride(from: 0, to: block, by: 8) {
                let x = unsafe rectified(input + pixel * block + half)
                unsafe store(x * x, lines + pixel * line + half)
            }
        }
    }

    @inline(__always)
    private static func normalize(
        _ input: UnsafeMutablePointer<Float>,
        into output: UnsafeMutablePointer<Float>,
        by lines: UnsafeMutablePointer<Float>,
        _ line: Int,
        _ count: Int,
        _ block: Int,
        _ factor: Float
    ) {
        for pixel in 0..<count {
            for half in stride(from: 0, to: block, by: 8) {
                let sum = unsafe windowSum(lines + pixel * line + half)
                let x = unsafe rectified(input + pixel * block + half)
                let scale = 1 + factor * sum
                let root = SIMD8(
                    lowHalf: lucid_square_roots(scale.lowHalf),
                    highHalf: lucid_square_roots(scale.highHalf)
                )
                unsafe store(x / root, output + pixel * block + half)
            }
        }
    }

    @inline(__always)
    private static func rectified(_ place: UnsafeMutablePointer<Float>) -> SIMD8<Float> {
        let x = unsafe UnsafeRawPointer(place).loadUnaligned(as: SIMD8<Float>.self)
        return x.replacing(with: 0, where: x .< 0)
    }

    @inline(__always)
    private static func store(_ values: SIMD8<Float>, _ place: UnsafeMutablePointer<Float>) {
        unsafe UnsafeMutableRawPointer(place).storeBytes(of: values, as: SIMD8<Float>.self)
    }

    /// For eight channels, the sums of nine neighbours each; the first one's window starts at `place`.
    @inline(__always)
    private static func windowSum(_ place: UnsafeMutablePointer<Float>) -> SIMD8<Float> {
        var sum = unsafe UnsafeRawPointer(place).loadUnaligned(as: SIMD8<Float>.self)
        for step in 1..<9 { unsafe sum += UnsafeRawPointer(place + step).loadUnaligned(as: SIMD8<Float>.self) }
        return sum
    }

    /// Copies one image's channels out of the blocked layout into plain channel, row, column order.
    public static func copyPlain(
        _ source: FloatRegion,
        _ shape: MapShape,
        image: Int,
        into destination: inout MutableSpan<Float>
    ) {
        let block = CPUEngine.channelBlock
        let pixels = shape.side * shape.side
        precondition(destination.count == shape.channels * pixels, "the destination holds one image's channels")
        precondition(source.count >= shape.count, "regions must fit")
        precondition((0..<shape.images).contains(image), "the image must be there")
        let input = unsafe source.pointer + image * shape.imageCount
        unsafe destination.withUnsafeMutableBufferPointer { buffer in
            guard let output = buffer.baseAddress else { return }
            let tile = 64
            for firstChannel in stride(from: 0, to: shape.channels, by: block) {
                let from = unsafe input + firstChannel * pixels
                let channels = min(block, shape.channels - firstChannel)
                for firstPixel in stride(from: 0, to: pixels, by: tile) {
                    let end = min(firstPixel + tile, pixels)
                    for channel in 0..<channels {
                        let to = unsafe output + (firstChannel + channel) * pixels
                        for pixel in firstPixel..<end {
                            unsafe to[pixel] = from[pixel * block + channel]
                        }
                    }
                }
            }
        }
    }
}
