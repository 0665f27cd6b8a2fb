// SPDX-License-Identifier: MIT

/// How much of a picture is accepted, checked from the file's size and header before memory is taken.
public struct ImageLimits: Hashable, Sendable {
    /// The largest file, in bytes.
    public let fileBytes: Int
    /// The most pixels, width times height.
    public let pixels: Int

    /// Sets both limits.
    public init(fileBytes: Int, pixels: Int) {
        self.fileBytes = fileBytes
        self.pixels = pixels
    }

    /// 256 MiB and 64 million pixels.
    ///
    /// Decoding takes at most about 12 bytes a pixel beside the file, where a progressive CMYK picture's
    /// coefficients and samples are held at once: some 770 MB at the limit.
    public static let standard = ImageLimits(fileBytes: 256 << 20, pixels: 64_000_000)

    func check(width: Int, height: Int) throws(ImageError) {
        let (product, overflow) = width.multipliedReportingOverflow(by: height)
        guard !overflow, product <= pixels else {
            throw .tooManyPixels(width: width, height: height, limit: pixels)
        }
    }
}
