// SPDX-License-Identifier: MIT

/// A text that may stand in a file name, because it was checked when it was made.
public protocol CheckedName: Hashable, Comparable, Codable, Sendable, LosslessStringConvertible {}

extension CheckedName {
    /// Orders names by their characters.
    public static func < (left: Self, right: Self) -> Bool { left.description < right.description }

    /// Reads a name from a string and checks it.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let name = Self(text) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "\"\(text.prefix(80))\" is not a \(Self.self)"
            )
        }
        self = name
    }

    /// Writes the name as a string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Character {
    var isLowerHexadecimal: Bool { isASCII && ("0"..."9" ~= self || "a"..."f" ~= self) }
    var isDecimal: Bool { isASCII && "0"..."9" ~= self }
    var isLowerName: Bool { self == "-" || isDecimal || (isASCII && "a"..."z" ~= self) }
    var isName: Bool { isLowerName || self == "." || self == "_" || (isASCII && "A"..."Z" ~= self) }
}

/// Reads a whole number as it is printed: no sign, no leading zeros, at most as many digits.
func strictNumber<Number: FixedWidthInteger>(_ text: some StringProtocol, digits: Int) -> Number? {
    guard !text.isEmpty, text.count <= digits, text.allSatisfy(\.isDecimal), text == "0" || text.first != "0" else {
        return nil
    }
    return Number(text)
}
