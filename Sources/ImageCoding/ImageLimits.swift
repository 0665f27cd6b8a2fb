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

    /// 256 MiB and 100 million pixels.
    public static let standard = ImageLimits(fileBytes: 256 << 20, pixels: 100_000_000)

    func check(width: Int, height: Int) throws(ImageError) {
        let (product, overflow) = width.multipliedReportingOverflow(by: height)
        guard !overflow, product <= pixels else {
            throw .tooManyPixels(width: width, height: height, limit: pixels)
        }
    }
}
