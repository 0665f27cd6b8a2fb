// SPDX-License-Identifier: MIT

private import CVectors

extension GradientKernels {
    /// The gradient before local response normalisation across nine channels.
    ///
    /// With f = alpha/9 and s = 1 + f · Σ x² over the window, y = x · s^(−½) and
    /// ∂/∂x = g · s^(−½) − f · x · Σ g · x · s^(−3/2), the sum over the same window.
    ///
    /// - Parameters:
    ///   - gradient: behind the normalisation.
    ///   - source: what it read, rectified.
    ///   - shape: the shape of all three.
    ///   - alpha: the normalisation's factor.
    ///   - destination: takes the gradient; it may be `gradient`'s own region.
    public static func passNormalization(
        _ gradient: FloatRegion,
        _ source: FloatRegion,
        _ shape: MapShape,
        alpha: Float,
        into destination: FloatRegion
    ) {
        precondition(gradient.count >= shape.count && source.count >= shape.count, "regions must fit")
        precondition(destination.count >= shape.count, "regions must fit")
        let block = CPUEngine.channelBlock
        let pixels = shape.side * shape.side
        let places = Pixels(block: block, blocks: shape.paddedChannels / block, step: pixels * block)
        let line = shape.paddedChannels + 2 * margin
        // A few pixels at a time, pass by pass: a read that spans two fresh writes has to wait.
        let tile = 32
        unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: 3 * tile * line) { lines in
            guard let squares = lines.baseAddress else { return }
            unsafe lines.initialize(repeating: 0)
            let work = unsafe Lines(squares: squares, inverses: squares + tile * line, terms: squares + 2 * tile * line)
            for image in 0..<shape.images {
                let start = image * shape.imageCount
                for first in stride(from: 0, to: pixels, by: tile) {
                    let count = min(tile, pixels - first)
                    let (g, x) = unsafe (gradient.pointer + start, source.pointer + start)
                    for pixel in 0..<count {
                        let place = (first + pixel) * block
                        unsafe square(x + place, places, into: work.squares + pixel * line + margin)
                    }
                    for pixel in 0..<count {
                        let place = (first + pixel) * block
                        unsafe invert(g + place, x + place, places, work.moved(by: pixel * line + margin), alpha / 9)
                    }
                    for pixel in 0..<count {
                        let place = (first + pixel) * block
                        unsafe combine(
                            g + place,
                            x + place,
                            destination.pointer + start + place,
                            places,
                            work.moved(by: pixel * line + margin),
                            alpha / 9
                        )
                    }
                }
            }
        }
    }

    /// Where the channels of a pixel lie.
    private struct Pixels {
        let block: Int
        let blocks: Int
        /// From one block of channels to the next.
        let step: Int
    }

    /// For each channel of a pixel: x², s^(−½) and g · x · s^(−3/2).
    @safe
    private struct Lines {
        let squares: UnsafeMutablePointer<Float>
        let inverses: UnsafeMutablePointer<Float>
        let terms: UnsafeMutablePointer<Float>

        func moved(by offset: Int) -> Lines {
            unsafe Lines(squares: squares + offset, inverses: inverses + offset, terms: terms + offset)
        }
    }

    /// Zeros on both sides of a pixel's line, for windows that reach outside the channels.
    private static let margin = 8

    @inline(__always)
    private static func square(
        _ x: UnsafeMutablePointer<Float>,
        _ pixel: Pixels,
        into squares: UnsafeMutablePointer<Float>
    ) {
        for index in 0..<pixel.blocks {
            for half in stride(from: 0, to: pixel.block, by: 8) {
                let value = unsafe load(x + index * pixel.step + half)
                unsafe store(value * value, squares + index * pixel.block + half)
            }
        }
    }

    @inline(__always)
    private static func invert(
        _ gradient: UnsafeMutablePointer<Float>,
        _ x: UnsafeMutablePointer<Float>,
        _ pixel: Pixels,
        _ lines: Lines,
        _ factor: Float
    ) {
        for index in 0..<pixel.blocks {
            for half in stride(from: 0, to: pixel.block, by: 8) {
                let channel = index * pixel.block + half
                let (value, g) = unsafe (
                    load(x + index * pixel.step + half), load(gradient + index * pixel.step + half)
                )
                let scale = unsafe 1 + factor * windowSum(lines.squares + channel - 4)
                let root = SIMD8(
                    lowHalf: lucid_square_roots(scale.lowHalf),
                    highHalf: lucid_square_roots(scale.highHalf)
                )
                let inverse = 1 / root
                unsafe store(inverse, lines.inverses + channel)
                unsafe store(g * value * (inverse * inverse * inverse), lines.terms + channel)
            }
        }
    }

    @inline(__always)
    private static func combine(
        _ gradient: UnsafeMutablePointer<Float>,
        _ x: UnsafeMutablePointer<Float>,
        _ destination: UnsafeMutablePointer<Float>,
        _ pixel: Pixels,
        _ lines: Lines,
        _ factor: Float
    ) {
        for index in 0..<pixel.blocks {
            for half in stride(from: 0, to: pixel.block, by: 8) {
                let channel = index * pixel.block + half
                let place = index * pixel.step + half
                let (value, g) = unsafe (load(x + place), load(gradient + place))
                let sum = unsafe windowSum(lines.terms + channel - 4)
                let inverse = unsafe load(lines.inverses + channel)
                unsafe store(g * inverse - factor * value * sum, destination + place)
            }
        }
    }

    /// For eight channels, the sums of nine neighbours each; the first one's window starts at `place`.
    @inline(__always)
    private static func windowSum(_ place: UnsafeMutablePointer<Float>) -> SIMD8<Float> {
        var sum = unsafe load(place)
        for step in 1..<9 { unsafe sum += load(place + step) }
        return sum
    }
}
