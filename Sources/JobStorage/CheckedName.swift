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

extension UInt8 {
    /// Bytes of ASCII, so that no other digit or letter of Unicode passes, and a million names are soon checked.
    var isDecimal: Bool { (48...57).contains(self) }
    var isLowerHexadecimal: Bool { isDecimal || (97...102).contains(self) }
    var isLowerName: Bool { self == UInt8(ascii: "-") || isDecimal || (97...122).contains(self) }
    var isName: Bool {
        isLowerName || (65...90).contains(self) || self == UInt8(ascii: ".") || self == UInt8(ascii: "_")
    }
}

/// Reads a whole number as it is printed: no sign, no leading zeros, at most as many digits.
func strictNumber<Number: FixedWidthInteger>(_ text: ArraySlice<UInt8>, digits: Int) -> Number? {
    let hasLeadingZero = text.first == UInt8(ascii: "0") && text.count > 1
    guard !text.isEmpty, text.count <= digits, !hasLeadingZero else { return nil }
    var number: Number = 0
    for digit in text {
        guard digit.isDecimal else { return nil }
        let (tens, isTooLarge) = number.multipliedReportingOverflow(by: 10)
        let (sum, isOver) = tens.addingReportingOverflow(Number(digit - UInt8(ascii: "0")))
        if isTooLarge || isOver { return nil }
        number = sum
    }
    return number
}

extension ArraySlice<UInt8> {
    /// Takes the part before the first separator away, and the separator; all of it where there is none.
    mutating func popFirstPart(before separator: UInt8) -> ArraySlice<UInt8> {
        let end = firstIndex(of: separator) ?? endIndex
        defer { self = self[Swift.min(end + 1, endIndex)...] }
        return self[..<end]
    }

    /// Takes the part after the last separator away, and the separator; nil where there is none.
    mutating func popLastPart(after separator: UInt8) -> ArraySlice<UInt8>? {
        guard let end = lastIndex(of: separator) else { return nil }
        defer { self = self[..<end] }
        return self[(end + 1)...]
    }
}
