// SPDX-License-Identifier: MIT

internal import Crypto

/// The SHA-256 of some content, by which content-addressed files are named.
public struct ContentDigest: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The first 16 bytes, the first of which counts most.
    public let firstHalf: UInt128
    /// The other 16 bytes.
    public let secondHalf: UInt128

    /// Computes the digest of bytes.
    public init(of bytes: some Sequence<UInt8>) {
        var hasher = Hasher()
        hasher.update(Array(bytes))
        self = hasher.finalize()
    }

    private init(_ bytes: some Sequence<UInt8>) {
        var halves: (UInt128, UInt128) = (0, 0)
        for (place, byte) in bytes.enumerated() {
            if place < 16 { halves.0 = halves.0 << 8 | UInt128(byte) } else { halves.1 = halves.1 << 8 | UInt128(byte) }
        }
        (firstHalf, secondHalf) = halves
    }

    /// Computes the digest of a text's UTF-8.
    public init(of text: String) {
        self.init(of: Array(text.utf8))
    }

    /// Reads a digest from its 64 hexadecimal digits; nil for anything else.
    public init?(hexadecimal: String) {
        let digits = Array(hexadecimal.utf8)
        guard digits.count == 64, digits.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else {
            return nil
        }
        let values = digits.map { $0 <= 57 ? $0 - 48 : $0 - 87 }
        self.init(stride(from: 0, to: 64, by: 2).map { values[$0] << 4 | values[$0 + 1] })
    }

    /// 64 lower-case hexadecimal digits.
    public var hexadecimal: String { hexadecimalDigits(of: firstHalf) + hexadecimalDigits(of: secondHalf) }

    /// The first digits, for names that must be short.
    public func prefix(_ count: Int) -> String {
        String(hexadecimal.prefix(count))
    }

    /// The hexadecimal digits.
    public var description: String { hexadecimal }

    /// Orders digests by their digits.
    public static func < (left: ContentDigest, right: ContentDigest) -> Bool {
        (left.firstHalf, left.secondHalf) < (right.firstHalf, right.secondHalf)
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
            ContentDigest(state.finalize())
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

/// The 32 lower-case hexadecimal digits of a number.
public func hexadecimalDigits(of number: UInt128) -> String {
    var left = number
    var text = [UInt8](repeating: 0, count: 32)
    for place in text.indices.reversed() {
        let digit = UInt8(truncatingIfNeeded: left & 15)
        text[place] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
        left >>= 4
    }
    return String(decoding: text, as: UTF8.self)
}
