// SPDX-License-Identifier: MIT

/// A picture that could not be decoded or encoded.
public enum ImageError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The bytes begin like neither a JPEG nor a PNG file, but perhaps like something else that is known.
    case unknownFormat(found: String?)
    /// The file is larger than the limits allow.
    case fileTooLarge(bytes: Int, limit: Int)
    /// The header asks for more pixels than the limits allow.
    case tooManyPixels(width: Int, height: Int, limit: Int)
    /// The file is broken or truncated, or of a kind that is not read; the text is the codec's own.
    case damaged(format: String, reason: String)
    /// The codec gave no resources, or refused valid pixels; the text is its own.
    case codecFailed(reason: String)

    /// What happened, and what can be done about it.
    public var description: String {
        switch self {
        case .unknownFormat(let found):
            "the file is \(found.map { "\($0), and " } ?? "")neither a JPEG nor a PNG picture"
        case .fileTooLarge(let bytes, let limit): "the file has \(bytes) bytes; at most \(limit) are read"
        case .tooManyPixels(let width, let height, let limit):
            "the picture has \(width) × \(height) pixels; at most \(limit) are decoded"
        case .damaged(let format, let reason): "the \(format) picture cannot be decoded: \(reason)"
        case .codecFailed(let reason): "the picture codec failed: \(reason)"
        }
    }
}
