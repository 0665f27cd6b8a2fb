// SPDX-License-Identifier: MIT

/// Texts, and all that the first protocols write as lines of text.
extension PickleReader {
    /// Instructions that push a text, bytes, or a number that is written as one.
    mutating func pushText(_ opcode: UInt8) throws(TensorFileError) -> Bool {
        switch opcode {
        case 0x58: try pushText(bytes: 4)  // BINUNICODE
        case 0x8C: try pushText(bytes: 1)  // SHORT_BINUNICODE
        case 0x8D: try pushText(bytes: 8)  // BINUNICODE8
        case 0x54: try pushText(bytes: 4)  // BINSTRING, of Python 2
        case 0x55: try pushText(bytes: 1)  // SHORT_BINSTRING, of Python 2
        case 0x56: stack.append(Self.text(Self.unescaped(unicode: try cursor.lineBytes())))  // UNICODE
        case 0x53: stack.append(Self.text(Self.unescaped(string: try cursor.lineBytes())))  // STRING
        case 0x42: try skipBytes(4)  // BINBYTES
        case 0x43: try skipBytes(1)  // SHORT_BINBYTES
        case 0x8E, 0x96: try skipBytes(8)  // BINBYTES8, BYTEARRAY8
        case 0x49: try pushNumber(ofLine: try cursor.line())  // INT
        case 0x4C: try pushNumber(ofLine: try cursor.line())  // LONG
        case 0x46: stack.append(.number(Double(try cursor.line()) ?? .nan))  // FLOAT
        default: return false
        }
        return true
    }

    private mutating func pushText(bytes: Int) throws(TensorFileError) {
        stack.append(Self.text(try cursor.read(try cursor.size(bytes: bytes))))
    }

    private mutating func skipBytes(_ bytes: Int) throws(TensorFileError) {
        _ = try cursor.read(try cursor.size(bytes: bytes))
        stack.append(.inert("bytes"))
    }

    /// Texts of Python may hold what no text of ours can, as names of files with broken letters do.
    private static func text(_ bytes: some Sequence<UInt8>) -> PickleValue {
        String(validating: bytes, as: UTF8.self).map { .string($0) } ?? .inert("bytes")
    }

    /// A whole number, of which 64 bits are kept, or a truth value as protocol 0 has them.
    private mutating func pushNumber(ofLine line: String) throws(TensorFileError) {
        if line == "00" || line == "01" { return stack.append(.bool(line == "01")) }
        let text = line.hasSuffix("L") ? line.dropLast() : Substring(line)
        let digits = text.hasPrefix("-") ? text.dropFirst() : text
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }) else {
            throw Self.malformed("\"\(line.prefix(40))\" is no number")
        }
        let number = digits.utf8.reduce(0) { (sum: Int, digit) in sum &* 10 &+ Int(digit - 48) }
        stack.append(.integer(text.hasPrefix("-") ? 0 &- number : number))
    }

    /// The bytes of a text that is quoted as Python 2 shows it.
    private static func unescaped(string line: ArraySlice<UInt8>) -> [UInt8] {
        let plain: [UInt8: UInt8] = [110: 10, 116: 9, 114: 13, 97: 7, 98: 8, 102: 12, 118: 11]
        var bytes: [UInt8] = []
        var rest = line
        if let quote = rest.first, quote == 0x27 || quote == 0x22, rest.count > 1, rest.last == quote {
            rest = rest.dropFirst().dropLast()
        }
        while let byte = rest.popFirst() {
            guard byte == 0x5C, let next = rest.popFirst() else {
                bytes.append(byte)
                continue
            }
            if next == 0x78, let value = Self.hexadecimal(rest.prefix(2), digits: 2) {
                bytes.append(UInt8(truncatingIfNeeded: value))
                rest = rest.dropFirst(2)
            } else {
                bytes.append(plain[next] ?? next)
            }
        }
        return bytes
    }

    /// The UTF-8 of a text in Latin-1 whose other characters are written by their numbers.
    private static func unescaped(unicode line: ArraySlice<UInt8>) -> [UInt8] {
        var scalars = String.UnicodeScalarView()
        var rest = line
        while let byte = rest.popFirst() {
            let digits = byte == 0x5C ? [0x75: 4, 0x55: 8][rest.first ?? 0] : nil
            if let digits, let value = Self.hexadecimal(rest.dropFirst().prefix(digits), digits: digits) {
                scalars.append(Unicode.Scalar(value) ?? "\u{FFFD}")
                rest = rest.dropFirst(digits + 1)
            } else {
                scalars.append(Unicode.Scalar(byte))
            }
        }
        return Array(String(scalars).utf8)
    }

    private static func hexadecimal(_ bytes: ArraySlice<UInt8>, digits: Int) -> UInt32? {
        bytes.count == digits ? UInt32(String(decoding: bytes, as: UTF8.self), radix: 16) : nil
    }
}
