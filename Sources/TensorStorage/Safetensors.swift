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

/// The names of types that the format has and that are not read here, with the bits of a number.
private let otherSafetensorsTypes: [String: Int] = [
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
    "U16": 16, "U32": 32, "U64": 64, "C64": 64,
]

private func malformed(_ reason: String) -> TensorFileError { .malformed(format: "safetensors", reason: reason) }

/// Reads the tensors of a `.safetensors` file.
public func readSafetensors(_ file: [UInt8]) throws(TensorFileError) -> [String: NamedTensor] {
    try readSafetensorsFile(file).tensors
}

/// Reads a `.safetensors` file.
func readSafetensorsFile(_ file: [UInt8]) throws(TensorFileError) -> TensorFile {
    var cursor = ByteCursor(file, format: "safetensors")
    let headerSize = try cursor.size(bytes: 8)
    guard headerSize <= headerLimit else { throw malformed("its header would have \(headerSize) bytes") }
    let header = try SafetensorsHeader(parsing: try cursor.read(headerSize))
    let data = cursor.position
    var places: [Place] = []
    for (name, entry) in header.entries { places.append(try Place(name, entry, dataBytes: file.count - data)) }
    try checkCover(places.map(\.range), dataBytes: file.count - data)
    // Ranges that do not overlap hold no more than the file: only now may memory be taken for them.
    var tensors: [String: NamedTensor] = [:]
    var unread: [String: TensorFileError] = [:]
    for place in places {
        guard let type = safetensorsTypes[place.type] else {
            let reason =
                "\"\(place.name)\" is of the type \"\(place.type.prefix(40))\", which is not read here; write it as F32"
            unread[place.name] = .refused(format: "safetensors", reason: reason)
            continue
        }
        let bytes = Array(file[(data + place.range.lowerBound)..<(data + place.range.upperBound)])
        tensors[place.name] = NamedTensor(shape: place.shape, elementType: type, values: type.floats(bytes))
    }
    return TensorFile(tensors: tensors, unread: unread, remark: nil)
}

/// Makes sure that the tensors lie one after the other from the first byte to the last, as the format demands.
private func checkCover(_ ranges: [Range<Int>], dataBytes: Int) throws(TensorFileError) {
    var end = 0
    for range in ranges.sorted(by: { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }) {
        guard range.lowerBound >= end else { throw malformed("two tensors overlap at byte \(range.lowerBound)") }
        guard range.lowerBound == end else {
            throw malformed("bytes \(end) to \(range.lowerBound - 1) of its data belong to no tensor")
        }
        end = range.upperBound
    }
    guard end == dataBytes else { throw malformed("its tensors have \(end) bytes, and \(dataBytes - end) more follow") }
}

/// Where a tensor's bytes lie, counted from the end of the header.
private struct Place {
    let name: String
    let shape: [Int]
    let type: String
    let range: Range<Int>

    /// Takes an entry of the header after a look at what it says.
    init(_ name: String, _ entry: SafetensorsHeader.Entry, dataBytes: Int) throws(TensorFileError) {
        let offsets = entry.dataOffsets
        guard offsets.count == 2 else { throw malformed("the entry of \"\(name)\" is incomplete") }
        guard offsets[0] >= 0, offsets[0] <= offsets[1], offsets[1] <= dataBytes else {
            throw malformed("\"\(name)\" lies at \(offsets), outside of the \(dataBytes) bytes of data")
        }
        let size = offsets[1] - offsets[0]
        // A type that nobody knows yet may have any size.
        if let bits = safetensorsTypes[entry.dtype].map({ $0.byteCount * 8 }) ?? otherSafetensorsTypes[entry.dtype] {
            guard let count = elementCount(entry.shape, limit: size * 2), (count * bits + 7) / 8 == size else {
                throw malformed("\"\(name)\" of shape \(entry.shape) does not fit its \(size) bytes")
            }
        }
        (self.name, shape, type, range) = (name, entry.shape, entry.dtype, offsets[0]..<offsets[1])
    }
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
