// SPDX-License-Identifier: MIT

/// How a tensor file stores its numbers, little-endian.
public enum ElementType: String, Hashable, Sendable, CaseIterable {
    case bool
    case uint8
    case int8
    case int16
    case int32
    case int64
    case float16
    case bfloat16
    case float32
    case float64

    /// Bytes of one number.
    public var byteCount: Int {
        switch self {
        case .bool, .uint8, .int8: 1
        case .int16, .float16, .bfloat16: 2
        case .int32, .float32: 4
        case .int64, .float64: 8
        }
    }

    /// Whether numbers have fractions.
    var isFloat: Bool { [.float16, .bfloat16, .float32, .float64].contains(self) }

    /// Converts numbers, each rounded once.
    func floats(_ bytes: [UInt8]) -> [Float] {
        switch self {
        case .bool: bytes.map { $0 == 0 ? 0 : 1 }
        case .uint8: bytes.map { Float($0) }
        case .int8: bytes.map { Float(Int8(bitPattern: $0)) }
        case .int16: words(bytes) { (word: UInt16) in Float(Int16(bitPattern: word)) }
        case .int32: words(bytes) { (word: UInt32) in Float(Int32(bitPattern: word)) }
        case .int64: words(bytes) { (word: UInt64) in Float(Int64(bitPattern: word)) }
        case .float16: words(bytes) { (word: UInt16) in Float(Float16(bitPattern: word)) }
        case .bfloat16: words(bytes) { (word: UInt16) in Float(bitPattern: UInt32(word) << 16) }
        case .float32: words(bytes) { (word: UInt32) in Float(bitPattern: word) }
        case .float64: words(bytes) { (word: UInt64) in Float(Double(bitPattern: word)) }
        }
    }

    /// Converts numbers, of which only large 64-bit integers are rounded.
    func doubles(_ bytes: [UInt8]) -> [Double] {
        switch self {
        case .int64: words(bytes) { (word: UInt64) in Double(Int64(bitPattern: word)) }
        case .int32: words(bytes) { (word: UInt32) in Double(Int32(bitPattern: word)) }
        case .float64: words(bytes) { (word: UInt64) in Double(bitPattern: word) }
        default: floats(bytes).map(Double.init)
        }
    }
}

/// Reads the words that some bytes hold; bytes that fill no word are left out.
private func words<Word: FixedWidthInteger, Number>(_ bytes: [UInt8], _ convert: (Word) -> Number) -> [Number] {
    let count = bytes.count / MemoryLayout<Word>.size
    return unsafe bytes.withUnsafeBytes { raw in
        (0..<count).map { index in
            convert(
                Word(
                    littleEndian: unsafe raw.loadUnaligned(
                        fromByteOffset: index * MemoryLayout<Word>.size,
                        as: Word.self
                    )
                )
            )
        }
    }
}

/// The bytes of numbers as they lie in memory, which is little-endian on all machines we build for.
func memoryBytes<Number: BitwiseCopyable>(of numbers: Span<Number>) -> [UInt8] {
    unsafe numbers.withUnsafeBytes { unsafe [UInt8]($0) }
}

/// The product of sizes, nil for negative ones or where it exceeds a limit.
func elementCount(_ shape: [Int], limit: Int) -> Int? {
    if shape.contains(where: { $0 < 0 }) { return nil }
    if shape.contains(0) { return 0 }
    var count = 1
    for size in shape {
        let (product, overflow) = count.multipliedReportingOverflow(by: size)
        guard !overflow, product <= limit else { return nil }
        count = product
    }
    return count
}
