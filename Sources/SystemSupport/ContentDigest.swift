// SPDX-License-Identifier: MIT

internal import Crypto

/// The SHA-256 of some content, by which content-addressed files are named.
public struct ContentDigest: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// 64 lower-case hexadecimal digits.
    public let hexadecimal: String

    /// Computes the digest of bytes.
    public init(of bytes: some Sequence<UInt8>) {
        var hasher = Hasher()
        hasher.update(Array(bytes))
        self = hasher.finalize()
    }

    /// Computes the digest of a text's UTF-8.
    public init(of text: String) {
        self.init(of: Array(text.utf8))
    }

    /// Reads a digest from its 64 hexadecimal digits; nil for anything else.
    public init?(hexadecimal: String) {
        let digits = hexadecimal.utf8
        guard digits.count == 64, digits.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else {
            return nil
        }
        self.hexadecimal = hexadecimal
    }

    private init(trusted digits: String) {
        self.hexadecimal = digits
    }

    /// The first digits, for names that must be short.
    public func prefix(_ count: Int) -> String {
        String(hexadecimal.prefix(count))
    }

    /// The hexadecimal digits.
    public var description: String { hexadecimal }

    /// Orders digests by their digits.
    public static func < (left: ContentDigest, right: ContentDigest) -> Bool {
        left.hexadecimal < right.hexadecimal
    }

    /// Computes a digest of content that arrives in pieces.
    public struct Hasher {
        private var state = SHA256()

        /// Starts with no content.
        public init() {}

        /// Adds bytes to the content.
        public mutating func update(_ bytes: [UInt8]) {
            state.update(data: bytes)
        }

        /// Adds raw memory to the content.
        public mutating func update(_ bytes: UnsafeRawBufferPointer) {
            unsafe state.update(bufferPointer: bytes)
        }

        /// The digest of all content so far.
        public func finalize() -> ContentDigest {
            ContentDigest(trusted: hexadecimalDigits(of: state.finalize()))
        }
    }
}

extension ContentDigest: Codable {
    /// Reads the digits from a JSON string.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let digits = try container.decode(String.self)
        guard let digest = ContentDigest(hexadecimal: digits) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "\"\(digits.prefix(80))\" is not a SHA-256 in hexadecimal digits"
            )
        }
        self = digest
    }

    /// Writes the digits as a JSON string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hexadecimal)
    }
}

/// Two lower-case hexadecimal digits for each byte.
public func hexadecimalDigits(of bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}
