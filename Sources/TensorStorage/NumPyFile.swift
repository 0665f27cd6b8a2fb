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

    /// Reads a file of version 1, 2 or 3, in C order; what follows after the array is passed over, as NumPy does.
    public init(parsing file: [UInt8]) throws(TensorFileError) {
        let header = try NumPyHeader(parsing: file)
        let trailing = try header.trailingBytes(fileBytes: file.count)
        (shape, elementType) = (header.shape, header.elementType)
        bytes = Array(file[header.dataOffset...].dropLast(trailing))
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
}
