// SPDX-License-Identifier: MIT

/// Images of three colours as maps of twelve channels: colour, row and column of a block of 2 × 2 pixels.
public enum ImageBlocks {
    /// Copies one image out of a blocked map into plain colour, row, column order.
    ///
    /// - Parameters:
    ///   - source: the map.
    ///   - shape: its shape, of twelve channels, a block of pixels a place.
    ///   - image: which image.
    ///   - side: the image's rows and columns; what the last blocks hold beyond an odd side is left out.
    ///   - destination: takes 3 × side × side values.
    public static func copyPlain(
        _ source: FloatRegion,
        _ shape: MapShape,
        image: Int,
        side: Int,
        into destination: inout MutableSpan<Float>
    ) {
        precondition(shape.channels == 12 && shape.side == (side + 1) / 2, "the map must hold such images")
        precondition(source.count >= shape.count && image < shape.images, "the image must be there")
        precondition(destination.count == 3 * side * side, "the destination holds one image")
        let block = CPUEngine.channelBlock
        let pixels = shape.side * shape.side
        let input = unsafe source.pointer + image * shape.imageCount
        unsafe destination.withUnsafeMutableBufferPointer { buffer in
            guard let output = buffer.baseAddress else { return }
            for color in 0..<3 {
                for row in 0..<side {
                    let line = unsafe output + (color * side + row) * side
                    // The channel of the first column of the row's blocks; that of the second column is the next.
                    let channel = color * 4 + row % 2 * 2
                    let first =
                        unsafe input + (channel / block * pixels + row / 2 * shape.side) * block + channel % block
                    for column in 0..<side {
                        unsafe line[column] = first[column / 2 * block + column % 2]
                    }
                }
            }
        }
    }
}
