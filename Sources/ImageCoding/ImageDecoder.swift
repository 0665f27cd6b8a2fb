// SPDX-License-Identifier: MIT

private import SystemSupport

/// Decodes JPEG and PNG files one after another; one thread owns it.
///
/// The pixels are those of OpenCV's `imread` in RGB order: EXIF orientation applied, gray replicated,
/// alpha dropped, no colour management.
public struct ImageDecoder: ~Copyable {
    /// The most memory that decoding takes besides the file, for each pixel.
    ///
    /// A progressive CMYK picture is the worst: 8 bytes of coefficients and 4 of ink.
    public static let mostBytesPerPixel = 12

    private let jpeg: JPEGDecoder
    private let limits: ImageLimits

    /// Makes a decoder that refuses files beyond the limits.
    public init(limits: ImageLimits) throws(ImageError) {
        jpeg = try JPEGDecoder()
        self.limits = limits
    }

    /// Decodes a file, whose format its first bytes tell.
    public func decode(_ bytes: [UInt8]) throws(ImageError) -> RGBImage { try examine(bytes).image }

    /// Decodes a file, and says what is wrong with it although all its pixels are there.
    public func examine(_ bytes: [UInt8]) throws(ImageError) -> DecodedImage {
        guard bytes.count <= limits.fileBytes else {
            throw .fileTooLarge(bytes: bytes.count, limit: limits.fileBytes)
        }
        if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return try jpeg.decode(bytes, limits: limits) }
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            return DecodedImage(image: try decodePNG(bytes, limits: limits), remark: nil)
        }
        throw .unknownFormat(found: FileKind.words(for: bytes))
    }
}

/// Decodes one JPEG or PNG file; for many, an ``ImageDecoder`` is quicker.
public func decodeImage(_ bytes: [UInt8], limits: ImageLimits) throws(ImageError) -> RGBImage {
    try ImageDecoder(limits: limits).decode(bytes)
}
