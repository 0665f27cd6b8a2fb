// SPDX-License-Identifier: MIT

/// The content of a tensor file that cannot be used.
public enum TensorFileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The bytes break the rules of their format: the file is damaged, truncated or made to harm.
    case malformed(format: String, reason: String)
    /// The file may be sound, but asks for something that is not done here.
    case refused(format: String, reason: String)

    /// What is wrong, naming the format.
    public var description: String {
        switch self {
        case .malformed(let format, let reason): "the \(format) file is damaged: \(reason)"
        case .refused(let format, let reason): "the \(format) file is refused: \(reason)"
        }
    }
}
