// SPDX-License-Identifier: MIT

public import SystemPackage

/// The bytes of a chunk that are not what the array's metadata promise, or numbers that it cannot hold.
public enum ChunkError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The chunk's content has another size than its shape.
    case wrongSize(expected: Int, actual: Int)
    /// The codec found damage; the text is its own.
    case codec(String)
    /// A finite number became infinite in half precision.
    case overflow(Float)
    /// The array's numbers are of another type than the caller's.
    case wrongType(ElementType)

    /// What is wrong.
    public var description: String {
        switch self {
        case .wrongSize(let expected, let actual): "its content has \(actual) bytes instead of \(expected)"
        case .codec(let reason): reason
        case .overflow(let number): "\(number) is too large for half precision"
        case .wrongType(let type): "its numbers are of the type \(type.rawValue)"
        }
    }
}

/// Stored data that cannot be trusted: the file, and the chunk where one is concerned, are to be made again.
public struct ShardError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong with the data.
    public enum Reason: Equatable, Sendable {
        /// The file is not there.
        case missingFile
        /// The file's index has no such chunk.
        case missingChunk
        /// The file is shorter than its content needs.
        case truncated(expected: Int, actual: Int)
        /// The index differs from its checksum.
        case indexChecksumMismatch
        /// The metadata are damaged, or of an array that is not read here.
        case metadata(TensorFileError)
        /// The index, or what is asked for by it, cannot be right; the text says why.
        case malformed(String)
        /// The chunk's own bytes are damaged.
        case chunk(ChunkError)
    }

    /// The path or the address of the file that is damaged or missing.
    public let file: String
    /// The chunk's coordinates in the array, where the damage is one chunk's.
    public let chunk: [Int]?
    /// What is wrong.
    public let reason: Reason

    /// Describes damage of a file, or of one of its chunks.
    public init(file: FilePath, chunk: [Int]?, reason: Reason) {
        self.init(file: file.string, chunk: chunk, reason: reason)
    }

    /// Describes damage of a file at a path or an address, or of one of its chunks.
    public init(file: String, chunk: [Int]?, reason: Reason) {
        self.file = file
        self.chunk = chunk
        self.reason = reason
    }

    /// Whether a chunk is simply not there, alone or with its file.
    var isOfMissingChunk: Bool { reason == .missingChunk || reason == .missingFile }

    /// What is wrong, and where.
    public var description: String {
        let place = chunk.map { "chunk \($0) in \"\(file)\"" } ?? "\"\(file)\""
        switch reason {
        case .missingFile: return "\(place) is missing"
        case .missingChunk: return "\(place) is missing"
        case .truncated(let expected, let actual): return "\(place) is truncated: \(actual) of \(expected) bytes"
        case .indexChecksumMismatch: return "\(place) is damaged: its index differs from its checksum"
        case .metadata(let error): return "\(place): \(error)"
        case .malformed(let reason): return "\(place) is damaged: \(reason)"
        case .chunk(let error): return "\(place) is damaged: \(error)"
        }
    }
}
