// SPDX-License-Identifier: MIT

/// A picture of 8-bit red, green and blue samples, row after row without padding.
public struct RGBImage: Hashable, Sendable {
    /// Pixels in a row.
    public let width: Int
    /// Rows.
    public let height: Int
    /// Three bytes a pixel, `width * height * 3` in all.
    public let pixels: [UInt8]

    /// Wraps samples, whose number must fit the size.
    public init(width: Int, height: Int, pixels: [UInt8]) {
        precondition(width > 0 && height > 0, "a picture has at least one pixel")
        precondition(pixels.count == width * height * 3, "a picture has three samples a pixel")
        self.width = width
        self.height = height
        self.pixels = pixels
    }
}
