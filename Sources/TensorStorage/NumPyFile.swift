// SPDX-License-Identifier: MIT

/// An array in NumPy's `.npy` format.
public struct NumPyFile: Sendable {
    /// The array's sizes, outermost first.
    public let shape: [Int]
    /// How the file stores its numbers.
    public let elementType: ElementType
    private let bytes: [UInt8]

    /// The numbers as single precision.
    public var floats: [Float] { elementType.floats(bytes) }

    /// The numbers as double precision.
    public var doubles: [Double] { elementType.doubles(bytes) }

    /// Reads a file of version 1, 2 or 3, in C order.
    public init(parsing file: [UInt8]) throws(TensorFileError) {
        var cursor = ByteCursor(file, format: "NumPy")
        guard try cursor.take(6).elementsEqual([0x93] + Array("NUMPY".utf8)) else {
            throw Self.malformed("it does not begin as one")
        }
        let version = try cursor.byte()
        _ = try cursor.byte()
        guard (1...3).contains(version) else { throw .refused(format: "NumPy", reason: "its version is \(version)") }
        let header = try cursor.text(try cursor.size(bytes: version == 1 ? 2 : 4))
        let types: [String: ElementType] = [
            "<f2": .float16, "<f4": .float32, "<f8": .float64, "|u1": .uint8, "<i8": .int64,
            "|i1": .int8, "<i4": .int32, "|b1": .bool,
        ]
        let name = try Self.quoted("descr", in: header)
        guard let type = types[name] else {
            throw .refused(format: "NumPy", reason: "its numbers are of the type \"\(name.prefix(40))\"")
        }
        guard header.contains("'fortran_order': False") else {
            throw .refused(format: "NumPy", reason: "it is in Fortran order")
        }
        shape = try Self.shape(in: header)
        elementType = type
        guard let count = elementCount(shape, limit: cursor.remaining / type.byteCount),
            count * type.byteCount == cursor.remaining
        else { throw Self.malformed("\(cursor.remaining) bytes do not hold an array of \(shape)") }
        bytes = Array(try cursor.take(cursor.remaining))
    }

    /// Writes an array of single precision.
    public static func encode(_ values: Span<Float>, shape: [Int]) -> [UInt8] {
        precondition(elementCount(shape, limit: .max) == values.count, "the shape fits the values")
        return header("<f4", shape) + memoryBytes(of: values)
    }

    /// Writes an array of double precision.
    public static func encode(_ values: Span<Double>, shape: [Int]) -> [UInt8] {
        precondition(elementCount(shape, limit: .max) == values.count, "the shape fits the values")
        return header("<f8", shape) + memoryBytes(of: values)
    }

    private static func header(_ type: String, _ shape: [Int]) -> [UInt8] {
        let sizes = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
        let text = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(sizes)), }"
        let padding = (64 - (10 + text.utf8.count + 1) % 64) % 64
        var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]
        appendLittleEndian(UInt16(text.utf8.count + padding + 1), to: &bytes)
        return bytes + Array(text.utf8) + [UInt8](repeating: 32, count: padding) + [10]
    }

    private static func malformed(_ reason: String) -> TensorFileError {
        .malformed(format: "NumPy", reason: reason)
    }

    private static func value(_ key: String, in header: String) throws(TensorFileError) -> Substring {
        guard let start = header.firstRange(of: "'\(key)':") else { throw malformed("its header has no \"\(key)\"") }
        return header[start.upperBound...].drop { $0 == " " }
    }

    private static func quoted(_ key: String, in header: String) throws(TensorFileError) -> String {
        let value = try value(key, in: header)
        guard value.first == "'", let end = value.dropFirst().firstIndex(of: "'") else {
            throw .refused(format: "NumPy", reason: "its numbers have a structure")
        }
        return String(value[value.index(after: value.startIndex)..<end])
    }

    private static func shape(in header: String) throws(TensorFileError) -> [Int] {
        let value = try value("shape", in: header)
        guard value.first == "(", let end = value.firstIndex(of: ")") else { throw malformed("its shape is no tuple") }
        var shape: [Int] = []
        for part in value[..<end].dropFirst().split(separator: ",") {
            guard let size = Int(part.filter { $0 != " " }), size >= 0, shape.count < 32 else {
                throw malformed("its shape is no tuple of sizes")
            }
            shape.append(size)
        }
        return shape
    }
}
