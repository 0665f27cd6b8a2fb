// SPDX-License-Identifier: MIT

public import SystemSupport

/// What running a job gave.
public struct JobResult: Equatable, Sendable {
    /// A pure function of the job; only its kind understands it.
    public let payload: [UInt8]
    /// The digests of all inputs that were read, by a name that the kind chooses.
    public let inputs: [String: ContentDigest]

    /// States a result.
    public init(payload: [UInt8], inputs: [String: ContentDigest]) {
        self.payload = payload
        self.inputs = inputs
    }
}

/// A result as it was read back, with what is known of its making.
public struct StoredResult: Equatable, Sendable {
    /// The result itself.
    public let result: JobResult
    /// The versions that made it, by name: "engine", "instructions".
    public let versions: [String: String]
    /// The digest of the payload, by which results are compared.
    public let payloadDigest: ContentDigest
}

/// Why a result cannot be used.
public enum ResultError: Error, Equatable, CustomStringConvertible {
    /// The file could not be read.
    case unreadable(FileError)
    /// The end is missing, or the lengths do not add up.
    case truncated
    /// The content is not what was written.
    case wrongDigest
    /// The header is of another format.
    case malformed
    /// It is the result of another attempt than its name says.
    case misplaced

    /// What is wrong with the result.
    public var description: String {
        switch self {
        case .unreadable(let error): "\(error)"
        case .truncated: "the result is cut short"
        case .wrongDigest: "the result was changed since it was written"
        case .malformed: "the result is not one of format \(QueueSettings.formatVersion)"
        case .misplaced: "the result belongs to another attempt than its name says"
        }
    }
}

/// A result's file: a header line, the payload, and a footer of fixed length that vouches for both.
struct ResultFile {
    static let sizeLimit = 1 << 30
    private static let footerLength = 1 + 20 + 1 + 64 + 1 + 64 + 1

    struct Header: Equatable, Codable {
        let format: Int
        let run: String
        let campaign: CampaignID
        let job: JobID
        let generation: Int
        let attempt: Int
        let worker: WorkerName
        let versions: [String: String]
        let inputs: [String: ContentDigest]
    }

    static func encoded(_ header: Header, payload: [UInt8]) -> [UInt8] {
        let line = encodedRecord(header) + [newline]
        let length = String(payload.count)
        let padded = String(repeating: "0", count: 20 - length.count) + length
        let footer = "\n\(padded) \(ContentDigest(of: payload)) \(ContentDigest(of: line))\n"
        return line + payload + Array(footer.utf8)
    }

    static func decoded(_ bytes: [UInt8]) throws(ResultError) -> (Header, payload: [UInt8], ContentDigest) {
        guard let headerEnd = bytes.firstIndex(of: newline), bytes.last == newline,
            bytes.count >= headerEnd + 1 + footerLength
        else { throw .truncated }
        let line = bytes[...headerEnd]
        let payload = Array(bytes[(headerEnd + 1)..<(bytes.count - footerLength)])
        let footer = String(decoding: bytes.suffix(footerLength), as: UTF8.self)
        let fields = footer.dropFirst().dropLast().split(separator: " ", omittingEmptySubsequences: false)
        guard footer.first == "\n", fields.count == 3, fields[0].count == 20, Int(fields[0]) == payload.count else {
            throw .truncated
        }
        let digest = ContentDigest(of: payload)
        guard fields[1] == digest.hexadecimal, fields[2] == ContentDigest(of: line).hexadecimal else {
            throw .wrongDigest
        }
        guard let header = decodedRecord(Header.self, from: line), header.format == QueueSettings.formatVersion else {
            throw .malformed
        }
        return (header, payload, digest)
    }
}
