// SPDX-License-Identifier: MIT

/// A position in bytes that is never moved past their end.
struct ByteCursor {
    let bytes: [UInt8]
    var position: Int
    private let format: String

    init(_ bytes: [UInt8], from position: Int = 0, format: String) {
        self.bytes = bytes
        self.position = position
        self.format = format
    }

    var remaining: Int { bytes.count - position }

    mutating func read(_ count: Int) throws(TensorFileError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= remaining else {
            throw .malformed(format: format, reason: "it ends \(count - remaining) bytes too early")
        }
        defer { position += count }
        return bytes[position..<(position + count)]
    }

    mutating func byte() throws(TensorFileError) -> UInt8 {
        guard remaining > 0 else { throw .malformed(format: format, reason: "it ends too early") }
        defer { position += 1 }
        return bytes[position]
    }

    /// A little-endian number of up to eight bytes.
    mutating func number(bytes count: Int) throws(TensorFileError) -> UInt64 {
        try read(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// A little-endian number that must be usable as a size.
    mutating func size(bytes count: Int) throws(TensorFileError) -> Int {
        let value = try number(bytes: count)
        guard let size = Int(exactly: value) else {
            throw .malformed(format: format, reason: "it states a size of \(value)")
        }
        return size
    }

    mutating func text(_ count: Int) throws(TensorFileError) -> String {
        guard let text = String(validating: try read(count), as: UTF8.self) else {
            throw .malformed(format: format, reason: "a text is not UTF-8")
        }
        return text
    }

    /// The text before the next line end, which is passed.
    mutating func line() throws(TensorFileError) -> String {
        guard let text = String(validating: try lineBytes(), as: UTF8.self) else {
            throw .malformed(format: format, reason: "a text is not UTF-8")
        }
        return text
    }

    /// The bytes before the next line end, which is passed.
    mutating func lineBytes() throws(TensorFileError) -> ArraySlice<UInt8> {
        guard let end = bytes[position...].firstIndex(of: 10) else {
            throw .malformed(format: format, reason: "a line does not end")
        }
        defer { position = end + 1 }
        return bytes[position..<end]
    }

    /// A line with a number that counts something.
    mutating func decimal() throws(TensorFileError) -> Int {
        guard let number = Int(try line()), number >= 0 else {
            throw .malformed(format: format, reason: "a line has no number")
        }
        return number
    }
}

/// Appends a number's bytes, the lowest first.
func appendLittleEndian(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
    for shift in stride(from: 0, to: number.bitWidth, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: number >> shift))
    }
}
