// SPDX-License-Identifier: MIT

/// A tensor of a weight file.
public struct NamedTensor: Equatable, Sendable {
    /// The sizes, outermost first; none for a single number.
    public let shape: [Int]
    /// How the file stored the numbers.
    public let elementType: ElementType
    /// The numbers in C order, converted to single precision.
    public let values: [Float]

    /// Wraps numbers that fit the shape.
    public init(shape: [Int], elementType: ElementType, values: [Float]) {
        precondition(elementCount(shape, limit: .max) == values.count, "the shape fits the values")
        self.shape = shape
        self.elementType = elementType
        self.values = values
    }
}

/// The most bytes that a header may have, which is enough for fifty thousand tensors.
private let headerLimit = 8 << 20

private let safetensorsTypes: [String: ElementType] = [
    "BOOL": .bool, "U8": .uint8, "I8": .int8, "I16": .int16, "I32": .int32, "I64": .int64,
    "F16": .float16, "BF16": .bfloat16, "F32": .float32, "F64": .float64,
]

/// Reads a `.safetensors` file.
public func readSafetensors(_ file: [UInt8]) throws(TensorFileError) -> [String: NamedTensor] {
    func malformed(_ reason: String) -> TensorFileError { .malformed(format: "safetensors", reason: reason) }
    var cursor = ByteCursor(file, format: "safetensors")
    let headerSize = try cursor.size(bytes: 8)
    guard headerSize <= headerLimit else { throw malformed("its header would have \(headerSize) bytes") }
    let header = try SafetensorsHeader(parsing: try cursor.take(headerSize))
    let data = cursor.position
    var places: [Place] = []
    for (name, entry) in header.entries {
        let (shape, offsets) = (entry.shape, entry.dataOffsets)
        guard offsets.count == 2 else { throw malformed("the entry of \"\(name)\" is incomplete") }
        guard let type = safetensorsTypes[entry.dtype] else {
            throw .refused(format: "safetensors", reason: "\"\(name)\" is of the type \"\(entry.dtype.prefix(40))\"")
        }
        guard offsets[0] >= 0, offsets[0] <= offsets[1], offsets[1] <= file.count - data else {
            throw malformed("\"\(name)\" lies at \(offsets), outside of the \(file.count - data) bytes of data")
        }
        let size = offsets[1] - offsets[0]
        guard let count = elementCount(shape, limit: size), count * type.byteCount == size else {
            throw malformed("\"\(name)\" of shape \(shape) does not fit its \(size) bytes")
        }
        places.append(Place(name: name, shape: shape, type: type, range: offsets[0]..<offsets[1]))
    }
    // Ranges that do not overlap hold no more than the file: only now may memory be taken for them.
    let ranges = places.map(\.range).filter { !$0.isEmpty }.sorted { $0.lowerBound < $1.lowerBound }
    for (left, right) in zip(ranges, ranges.dropFirst()) where left.upperBound > right.lowerBound {
        throw malformed("two tensors overlap at byte \(right.lowerBound)")
    }
    var tensors: [String: NamedTensor] = [:]
    for place in places {
        let bytes = Array(file[(data + place.range.lowerBound)..<(data + place.range.upperBound)])
        tensors[place.name] = NamedTensor(
            shape: place.shape,
            elementType: place.type,
            values: place.type.floats(bytes)
        )
    }
    return tensors
}

/// Where a tensor's bytes lie, counted from the end of the header.
private struct Place {
    let name: String
    let shape: [Int]
    let type: ElementType
    let range: Range<Int>
}

/// Writes tensors in single precision as a `.safetensors` file; the same content gives the same bytes.
///
/// Names must differ. Tensors lie in the order given, metadata in the order of their names.
public func encodeSafetensors(
    _ tensors: [(name: String, shape: [Int], values: [Float])],
    metadata: [String: String]
) -> [UInt8] {
    encodeSafetensors(tensors.map { StoredTensor($0.name, shape: $0.shape, $0.values) }, metadata: metadata)
}

/// Writes tensors as a `.safetensors` file; the same content gives the same bytes.
///
/// Names must differ. Tensors lie in the order given, metadata in the order of their names.
public func encodeSafetensors(_ tensors: [StoredTensor], metadata: [String: String]) -> [UInt8] {
    var entries: [String] = []
    if !metadata.isEmpty {
        entries.append("\"__metadata__\": " + JSONValue.object(metadata.mapValues(JSONValue.string)).text)
    }
    var offset = 0
    for tensor in tensors {
        let end = offset + tensor.bytes.count
        let type = safetensorsTypes.first { $0.value == tensor.elementType }?.key ?? ""
        let sizes = JSONValue.array(tensor.shape.map(JSONValue.integer)).text
        let place = "\"dtype\": \"\(type)\", \"shape\": \(sizes), \"data_offsets\": [\(offset), \(end)]"
        entries.append("\(JSONValue.quoted(tensor.name)): {\(place)}")
        offset = end
    }
    var header = Array(("{" + entries.joined(separator: ", ") + "}").utf8)
    header += [UInt8](repeating: 32, count: (8 - header.count % 8) % 8)
    var file: [UInt8] = []
    file.reserveCapacity(8 + header.count + offset)
    appendLittleEndian(UInt64(header.count), to: &file)
    file += header
    for tensor in tensors { file += tensor.bytes }
    return file
}
