// SPDX-License-Identifier: MIT

public import ImageCoding

/// A picture in so few pixels that those of a whole atlas fit in memory, by which pictures are compared.
///
/// At 28 pixels a side, one stands for eight by eight of a usual picture: fine texture, which differs
/// between any two runs, averages out, and shapes and colours remain.
public struct PictureSignature: Equatable, Sendable {
    /// Pixels a side, whatever the picture's size.
    static let side = 28

    private let pixels: [UInt8]

    /// Reduces a picture.
    public init(of picture: RGBImage) {
        pixels = areaAverage(picture, width: Self.side, height: Self.side).pixels
    }

    /// The root of the mean squared difference of samples in 0 to 1: 0 for equal pictures, 1 for black and white.
    public func difference(from other: PictureSignature) -> Double {
        var sum = 0
        for index in pixels.indices {
            let difference = Int(pixels[index]) - Int(other.pixels[index])
            sum += difference * difference
        }
        return (Double(sum) / Double(pixels.count)).squareRoot() / 255
    }
}
