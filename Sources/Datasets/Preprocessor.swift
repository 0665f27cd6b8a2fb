// SPDX-License-Identifier: MIT

public import ImageCoding

/// Turns image files into the network's input, exactly as the Python reference does.
///
/// A picture is resized to 256 × 256 whatever its shape, the middle 224 × 224 are kept, and 117 is
/// taken from every sample. One thread owns a preprocessor, which reuses its buffers.
public struct Preprocessor: ~Copyable {
    /// Names what is computed, for the addresses of results.
    public static let identity = "celebalucid-224-v1"
    /// Planes, rows and columns of an input.
    public static let shape = [3, 224, 224]
    /// Numbers in an input.
    public static let elementCount = 3 * 224 * 224

    private let decoder: ImageDecoder
    private var resampler = CroppingResampler(width: 256, height: 256, columns: 16..<240, rows: 16..<240)

    /// Makes a preprocessor that refuses files beyond the limits.
    public init(limits: ImageLimits) throws(ImageError) {
        decoder = try ImageDecoder(limits: limits)
    }

    /// Decodes a file and writes its input: red, green and blue planes of whole numbers from -117 to 138.
    public mutating func preprocess(_ bytes: [UInt8], into input: inout MutableSpan<Float>) throws(ImageError) {
        precondition(input.count == Self.elementCount, "an input has three planes of 224 × 224")
        resampler.resample(try decoder.decode(bytes), addingToEach: -117, into: &input)
    }
}
