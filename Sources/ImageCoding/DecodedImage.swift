// SPDX-License-Identifier: MIT

/// A picture all of whose pixels a file holds, and what is wrong with the file nonetheless.
public struct DecodedImage: Equatable, Sendable {
    /// The picture.
    public let image: RGBImage
    /// The codec's words for the first fault of the file; nil where there is none.
    public let remark: String?
}
