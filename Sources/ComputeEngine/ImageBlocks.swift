// SPDX-License-Identifier: MIT

/// Square images of three colours as maps whose channels are the colours, rows and columns of a block of pixels.
///
/// A block is two rows high; it is four columns wide where the engine's blocks have eight channels, which 24 channels fill
/// and 12 do not, else two: of sixteen, either leaves a quarter empty. With blocks of eight, convolutions that write 24
/// channels were measured to take a quarter less time, a pixel, than those that write 12.
public struct ImageBlocks: Hashable, Sendable {
    /// The rows of pixels of a block.
    public static let height = 2

    /// The images' rows and columns.
    public let side: Int
    /// The columns of pixels of a block.
    public let width: Int

    /// Describes images in blocks of 2 × 2 or 2 × 4 pixels.
    public init(side: Int, width: Int = CPUEngine.channelBlock == 8 ? 4 : 2) {
        precondition(width == 2 || width == 4, "blocks are two or four columns wide")
        self.side = side
        self.width = width
    }

    /// The channels of a map: colour, row and column of the block.
    public var channels: Int { 3 * Self.height * width }

    /// The shape of a map of such images; what the last blocks hold beyond the images is of no meaning.
    public func shape(images: Int) -> MapShape {
        MapShape(
            images: images,
            channels: channels,
            rows: (side + Self.height - 1) / Self.height,
            columns: (side + width - 1) / width
        )
    }

    /// Copies one image out of a blocked map into plain colour, row, column order.
    ///
    /// - Parameters:
    ///   - source: the map.
    ///   - shape: its shape, as `shape(images:)` gives it.
    ///   - image: which image.
    ///   - destination: takes 3 × side × side values.
    public func copyPlain(
        _ source: FloatRegion,
        _ shape: MapShape,
        image: Int,
        into destination: inout MutableSpan<Float>
    ) {
        precondition(shape == self.shape(images: shape.images), "the map must hold such images")
        precondition(source.count >= shape.count, "regions must fit")
        precondition((0..<shape.images).contains(image), "the image must be there")
        precondition(destination.count == 3 * side * side, "the destination holds one image")
        let block = CPUEngine.channelBlock
        let input = unsafe source.pointer + image * shape.imageCount
        unsafe destination.withUnsafeMutableBufferPointer { buffer in
            guard let output = buffer.baseAddress else { return }
            for color in 0..<3 {
                for row in 0..<side {
                    // Where the row's first pixel is a channel; those of its block's other columns follow.
                    let channel = (color * Self.height + row % Self.height) * width
                    let places = (channel / block * shape.rows + row / Self.height) * shape.columns
                    let from = unsafe input + places * block + channel % block
                    let to = unsafe output + (color * side + row) * side
                    // Widths that are known have loops that are unrolled.
                    if width == 4 {
                        unsafe copyRow(from, step: block, into: to, width: 4)
                    } else {
                        unsafe copyRow(from, step: block, into: to, width: 2)
                    }
                }
            }
        }
    }

    @inline(__always)
    private func copyRow(
        _ from: UnsafeMutablePointer<Float>,
        step: Int,
        into to: UnsafeMutablePointer<Float>,
        width: Int
    ) {
        let whole = side / width
        for place in 0..<whole {
            for column in 0..<width { unsafe to[place * width + column] = from[place * step + column] }
        }
        for column in 0..<side % width { unsafe to[whole * width + column] = from[whole * step + column] }
    }
}
