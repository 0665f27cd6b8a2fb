// SPDX-License-Identifier: MIT

private import CVectors

/// How a gradient passes back through ReLU where its input was negative.
public enum RectifierGradient: Equatable, Sendable {
    /// Not at all.
    case blocked
    /// A tenth of it passes.
    case tenth
    /// Blocked; but where that leaves nothing of an image's whole map, all passes that does not push what is negative down.
    case redirectedWhereVanishing
}

/// Channels that are copied from one blocked map into another.
public struct ChannelCopy: Hashable, Sendable {
    /// The first channel in the map that is read.
    public let from: Int
    /// The first channel in the map that is written.
    public let to: Int
    /// How many they are; they are copied by whole blocks.
    public let count: Int

    /// Describes a copy.
    public init(from: Int, to: Int, count: Int) {
        self.from = from
        self.to = to
        self.count = count
    }

    /// The places of one image's channels in both maps, and how many values there are.
    func range(_ source: MapShape, _ destination: MapShape) -> (from: Int, to: Int, count: Int) {
        let block = CPUEngine.channelBlock
        let pixels = source.side * source.side
        let padded = MapShape(images: 1, channels: count, side: 1).paddedChannels
        precondition(source.side == destination.side && source.images == destination.images, "maps must fit")
        precondition(from % block == 0 && to % block == 0, "channels are copied by whole blocks")
        precondition(
            from + padded <= source.paddedChannels && to + padded <= destination.paddedChannels,
            "channels must fit"
        )
        return (from * pixels, to * pixels, padded * pixels)
    }
}

/// Kernels of our own over blocked feature maps for the way back through a network, for what the engine lacks.
///
/// Gradients are those of a loss, which is to become smaller.
public enum GradientKernels {
    // MARK: ReLU

    /// Writes max(0, x), or max(0, x · scale + shift), with the sign bit set where the outcome was negative.
    ///
    /// Negative zeros count as zeros in all that follows, and tell the way back where the input was below zero.
    /// Source and destination may be the same region where the shapes and channels are the same.
    public static func rectifyKeepingSign(
        _ source: FloatRegion,
        _ shape: MapShape,
        affine: BlockedKernels.ChannelAffine? = nil,
        into destination: FloatRegion,
        _ destinationShape: MapShape,
        channels: ChannelCopy
    ) {
        let (from, to, count) = channels.range(shape, destinationShape)
        precondition(source.count >= shape.count && destination.count >= destinationShape.count, "regions must fit")
        let blockCount = CPUEngine.channelBlock * shape.side * shape.side
        for image in 0..<shape.images {
            let input = unsafe source.pointer + image * shape.imageCount + from
            let output = unsafe destination.pointer + image * destinationShape.imageCount + to
            guard let affine else {
                unsafe rectify(input, output, count)
                continue
            }
            for offset in stride(from: 0, to: count, by: blockCount) {
                let channel = offset / (shape.side * shape.side)
                unsafe rectify(
                    input + offset,
                    output + offset,
                    blockCount,
                    affine.scale.base + channel,
                    affine.shift.base + channel
                )
            }
        }
    }

    private static func rectify(
        _ input: UnsafeMutablePointer<Float>,
        _ output: UnsafeMutablePointer<Float>,
        _ count: Int
    ) {
        for index in stride(from: 0, to: count, by: 8) {
            unsafe store(signedRectified(load(input + index)), output + index)
        }
    }

    private static func rectify(
        _ input: UnsafeMutablePointer<Float>,
        _ output: UnsafeMutablePointer<Float>,
        _ count: Int,
        _ scale: UnsafeMutablePointer<Float>,
        _ shift: UnsafeMutablePointer<Float>
    ) {
        let block = CPUEngine.channelBlock
        for half in stride(from: 0, to: block, by: 8) {
            let factor = unsafe load(scale + half)
            let offset = unsafe load(shift + half)
            for index in stride(from: half, to: count, by: block) {
                unsafe store(signedRectified(load(input + index) * factor + offset), output + index)
            }
        }
    }

    @inline(__always)
    private static func signedRectified(_ x: SIMD8<Float>) -> SIMD8<Float> {
        x.replacing(with: 0, where: x .== 0).replacing(with: -0.0, where: x .< 0)
    }

    /// The gradient before ReLU from that behind it.
    ///
    /// - Parameters:
    ///   - gradient: behind ReLU; it is read at `channels.to`, where ReLU wrote.
    ///   - rectified: what `rectifyKeepingSign` wrote there.
    ///   - shape: the shape of both.
    ///   - affine: what came before ReLU; its factors are multiplied in.
    ///   - destination: takes the gradient before ReLU at `channels.from`; it may be the gradient's own region.
    ///   - destinationShape: its shape.
    ///   - channels: what ReLU read and wrote.
    ///   - mode: what passes where the input was negative.
    public static func passRectifier(
        _ gradient: FloatRegion,
        _ rectified: FloatRegion,
        _ shape: MapShape,
        affine: BlockedKernels.ChannelAffine? = nil,
        into destination: FloatRegion,
        _ destinationShape: MapShape,
        channels: ChannelCopy,
        mode: RectifierGradient
    ) {
        let (to, from, count) = channels.range(destinationShape, shape)
        precondition(gradient.count >= shape.count && rectified.count >= shape.count, "regions must fit")
        precondition(destination.count >= destinationShape.count, "regions must fit")
        let blockCount = CPUEngine.channelBlock * shape.side * shape.side
        for image in 0..<shape.images {
            let start = image * shape.imageCount + from
            let (g, y) = unsafe (gradient.pointer + start, rectified.pointer + start)
            let output = unsafe destination.pointer + image * destinationShape.imageCount + to
            unsafe passRectifier(g, y, output, count, mode)
            guard let affine else { continue }
            for offset in stride(from: 0, to: count, by: blockCount) {
                let channel = offset / (shape.side * shape.side)
                unsafe scale(output + offset, by: affine.scale.base + channel, blockCount)
            }
        }
    }

    private static func passRectifier(
        _ gradient: UnsafeMutablePointer<Float>,
        _ rectified: UnsafeMutablePointer<Float>,
        _ output: UnsafeMutablePointer<Float>,
        _ count: Int,
        _ mode: RectifierGradient
    ) {
        if mode == .redirectedWhereVanishing, unsafe vanishes(gradient, rectified, count) {
            for index in stride(from: 0, to: count, by: 8) {
                let g = unsafe load(gradient + index)
                let kept = g.replacing(with: 0, where: g .> 0)
                unsafe store(selected(kept, where: signs(rectified + index), else: g), output + index)
            }
            return
        }
        let factor: Float = mode == .tenth ? 0.1 : 0
        for index in stride(from: 0, to: count, by: 8) {
            let g = unsafe load(gradient + index)
            let negative = unsafe signs(rectified + index)
            unsafe store(selected(g * factor, where: negative, else: g), output + index)
        }
    }

    /// Whether nothing is left of a gradient where the input was not negative.
    private static func vanishes(
        _ gradient: UnsafeMutablePointer<Float>,
        _ rectified: UnsafeMutablePointer<Float>,
        _ count: Int
    ) -> Bool {
        for index in stride(from: 0, to: count, by: 8) {
            let passing = unsafe selected(
                SIMD8(repeating: 0),
                where: signs(rectified + index),
                else: load(gradient + index)
            )
            if any(passing .!= 0) { return false }
        }
        return true
    }

    private static func scale(
        _ values: UnsafeMutablePointer<Float>,
        by factors: UnsafeMutablePointer<Float>,
        _ count: Int
    ) {
        let block = CPUEngine.channelBlock
        for half in stride(from: 0, to: block, by: 8) {
            let factor = unsafe load(factors + half)
            for index in stride(from: half, to: count, by: block) {
                unsafe store(load(values + index) * factor, values + index)
            }
        }
    }

    // MARK: Vectors of eight channels

    @inline(__always)
    static func load(_ place: UnsafeMutablePointer<Float>) -> SIMD8<Float> {
        unsafe UnsafeRawPointer(place).loadUnaligned(as: SIMD8<Float>.self)
    }

    @inline(__always)
    static func store(_ values: SIMD8<Float>, _ place: UnsafeMutablePointer<Float>) {
        unsafe UnsafeMutableRawPointer(place).storeBytes(of: values, as: SIMD8<Float>.self)
    }

    /// All bits of each lane whose value has its sign bit set.
    @inline(__always)
    private static func signs(_ place: UnsafeMutablePointer<Float>) -> SIMD8<Int32> {
        unsafe UnsafeRawPointer(place).loadUnaligned(as: SIMD8<Int32>.self) &>> 31
    }

    /// A choice by bits, which the compiler turns into vector instructions where it does not for masks.
    @inline(__always)
    private static func selected(_ one: SIMD8<Float>, where mask: SIMD8<Int32>, else other: SIMD8<Float>) -> SIMD8<
        Float
    > {
        let (first, second) = unsafe (
            unsafeBitCast(one, to: SIMD8<Int32>.self), unsafeBitCast(other, to: SIMD8<Int32>.self)
        )
        return unsafe unsafeBitCast((first & mask) | (second & ~mask), to: SIMD8<Float>.self)
    }
}
