// SPDX-License-Identifier: MIT

/// JSON written straight to bytes, for files of hundreds of megabytes.
///
/// Who writes puts the commas and brackets; texts and numbers come out as the same bytes on every machine.
struct JSONBytes {
    private(set) var bytes: [UInt8] = []

    /// Takes what has been written, and leaves room for as much again.
    mutating func drain() -> [UInt8] {
        var taken: [UInt8] = []
        taken.reserveCapacity(bytes.capacity)
        swap(&taken, &bytes)
        return taken
    }

    /// Writes syntax as it stands.
    mutating func raw(_ syntax: StaticString) {
        syntax.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
    }

    /// Writes a text in quotes.
    ///
    /// Line separators, which end a line in old JavaScript, and what could end a script are escaped too.
    mutating func text(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": bytes += [UInt8(ascii: "\\"), UInt8(scalar.value)]
            case "<", "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}": escape(scalar)
            default: bytes.append(contentsOf: scalar.utf8)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ scalar: Unicode.Scalar) {
        raw("\\u")
        for shift in [12, 8, 4, 0] {
            let digit = UInt8(scalar.value >> UInt32(shift) & 15)
            bytes.append(digit < 10 ? 48 + digit : 87 + digit)
        }
    }

    /// Writes a text, or null.
    mutating func text(orNull text: String?) {
        if let text { self.text(text) } else { raw("null") }
    }

    /// Writes a whole number, or null.
    mutating func integer(_ number: Int?) {
        guard let number else { return raw("null") }
        bytes.append(contentsOf: String(number).utf8)
    }

    /// Writes a number from which the same number is read back, or null.
    mutating func exact(_ number: Double?) {
        bytes.append(contentsOf: (number.flatMap(digits17) ?? "null").utf8)
    }

    /// Writes a number with 1 to 7 significant digits, or null where it is not finite.
    mutating func rounded(_ number: Double, digits: Int) {
        guard number.isFinite else { return raw("null") }
        guard let decimal = ShortDecimal(number, digits: digits) else {
            bytes.append(contentsOf: significant(number, digits).utf8)
            return
        }
        decimal.append(to: &bytes)
    }
}
