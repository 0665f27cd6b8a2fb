// SPDX-License-Identifier: MIT

/// A tensor as a weight file is to store it.
public struct StoredTensor: Sendable {
    /// The name.
    public let name: String
    /// The sizes, outermost first; none for a single number.
    public let shape: [Int]
    /// How its numbers are stored.
    public let elementType: ElementType
    /// The numbers' bytes in C order, little-endian.
    let bytes: [UInt8]

    /// A tensor of single precision.
    public init(_ name: String, shape: [Int], _ values: [Float]) {
        self.init(name, shape: shape, .float32, bytes: memoryBytes(of: values.span))
    }

    /// A tensor of whole numbers.
    public init(_ name: String, shape: [Int], _ values: [Int64]) {
        self.init(name, shape: shape, .int64, bytes: memoryBytes(of: values.span))
    }

    /// A tensor of any type, by its numbers' bytes.
    init(_ name: String, shape: [Int], _ elementType: ElementType, bytes: [UInt8]) {
        precondition(
            TensorStorage.elementCount(shape, limit: bytes.count) == bytes.count / elementType.byteCount,
            "the shape fits the values"
        )
        self.name = name
        self.shape = shape
        self.elementType = elementType
        self.bytes = bytes
    }

    /// How many numbers it has.
    var elementCount: Int { bytes.count / elementType.byteCount }
}
