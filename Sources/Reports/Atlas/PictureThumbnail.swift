// SPDX-License-Identifier: MIT

public import ImageCoding

/// What is kept of a picture to draw sheets and to compare it: 40 KB at most.
public struct PictureThumbnail: Equatable, Sendable {
    /// The longest side of a thumbnail, in pixels.
    public static let side = 112

    /// The picture, made smaller where a side is longer than ``side``.
    public let image: RGBImage
    /// What its likeness to another is judged by.
    public let signature: PictureSignature

    /// Reduces a PNG file.
    public init(png: [UInt8], limits: ImageLimits = .standard) throws(ImageError) {
        self.init(of: try decodeImage(png, limits: limits))
    }

    /// Reduces a picture.
    public init(of picture: RGBImage) {
        let longest = max(picture.width, picture.height)
        let side = min(Self.side, longest)
        func reduced(_ length: Int) -> Int { max(1, (length * side + longest / 2) / longest) }
        image = areaAverage(picture, width: reduced(picture.width), height: reduced(picture.height))
        signature = PictureSignature(of: picture)
    }
}
