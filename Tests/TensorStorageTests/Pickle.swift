// SPDX-License-Identifier: MIT

@testable import TensorStorage

/// A value as PyTorch pickles it, for files that our own writer does not write.
indirect enum Pickle {
    case none
    case bool(Bool)
    case integer(Int)
    case text(String)
    case tuple([Pickle])
    case list([Pickle])
    case dictionary([(String, Pickle)])
    case numbered([Int: Pickle])
    case call(String, [Pickle])
    case tensor(Storage, offset: Int, shape: [Int], strides: [Int])

    /// The numbers that tensors look at.
    struct Storage {
        let key: String
        let type: ElementType
        let bytes: [UInt8]
        var count: Int { bytes.count / type.byteCount }
    }

    /// A whole pickle of the second protocol; the old format describes storages with one value more.
    func encoded(isLegacy: Bool = false) -> [UInt8] { [0x80, 2] + body(isLegacy) + [0x2E] }

    private func body(_ isLegacy: Bool) -> [UInt8] {
        func all(_ values: [Pickle]) -> [UInt8] { values.flatMap { $0.body(isLegacy) } }
        func global(_ module: String, _ name: String) -> [UInt8] { [0x63] + Array("\(module)\n\(name)\n".utf8) }
        switch self {
        case .none: return [0x4E]
        case .bool(let value): return [value ? 0x88 : 0x89]
        case .integer(let number): return [0x4A] + littleEndian(Int32(number))
        case .text(let text):
            let bytes = Array(text.utf8)
            return [0x58] + littleEndian(UInt32(bytes.count)) + bytes
        case .tuple(let values): return [0x28] + all(values) + [0x74]
        case .list(let values): return [0x5D, 0x28] + all(values) + [0x65]
        case .dictionary(let items): return [0x7D, 0x28] + all(items.flatMap { [.text($0.0), $0.1] }) + [0x75]
        case .numbered(let items): return [0x7D, 0x28] + all(items.flatMap { [.integer($0.key), $0.value] }) + [0x75]
        case .call(let path, let arguments):
            let parts = path.split(separator: ".").map(String.init)
            return global(parts[0], parts[1]) + Pickle.tuple(arguments).body(isLegacy) + [0x52]
        case .tensor(let storage, let offset, let shape, let strides):
            let type = global("torch", torchStorageName(of: storage.type))
            let view: [UInt8] = isLegacy ? [0x4E] : []
            let place = all([.text(storage.key), .text("cpu"), .integer(storage.count)])
            let sizes = [shape, strides].map { Pickle.tuple($0.map(Pickle.integer)) }
            return global("torch._utils", "_rebuild_tensor_v2")
                + [0x28, 0x28] + all([.text("storage")]) + type + place + view + [0x74, 0x51]
                + all([.integer(offset)] + sizes + [.bool(false), .dictionary([])]) + [0x74, 0x52]
        }
    }

    /// All storages below the value, each once.
    private var storages: [String: Storage] {
        switch self {
        case .tensor(let storage, _, _, _): [storage.key: storage]
        case .dictionary(let items): items.reduce(into: [:]) { $0.merge($1.1.storages) { first, _ in first } }
        case .numbered(let items): items.values.reduce(into: [:]) { $0.merge($1.storages) { $1 } }
        case .tuple(let values), .list(let values): values.reduce(into: [:]) { $0.merge($1.storages) { $1 } }
        default: [:]
        }
    }

    /// The file of PyTorch 1.6 and later, with what is done to its records of numbers.
    func archive(
        spoiledBy spoil: (inout [(name: String, contents: [UInt8])]) -> Void = { _ in }
    ) throws -> [UInt8] {
        var records = storages.values.sorted { $0.key < $1.key }.map { (name: "a/data/\($0.key)", contents: $0.bytes) }
        spoil(&records)
        return try encodeZip([(name: "a/data.pkl", contents: encoded())] + records, alignment: 64)
    }

    /// The file of PyTorch before 1.6.
    func legacyFile() -> [UInt8] {
        let magic: [UInt8] = [0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E]
        let sizes = Pickle.dictionary([("short", .integer(2)), ("int", .integer(4)), ("long", .integer(4))])
        let system = Pickle.dictionary([
            ("protocol_version", .integer(1001)), ("little_endian", .bool(true)), ("type_sizes", sizes),
        ])
        let sorted = storages.values.sorted { $0.key < $1.key }
        let keys = Pickle.list(sorted.map { .text($0.key) })
        var file = magic + Pickle.integer(1001).encoded() + system.encoded() + encoded(isLegacy: true) + keys.encoded()
        for storage in sorted {
            file += littleEndian(storage.count) + storage.bytes
        }
        return file
    }

    /// A tensor of its own storage, row by row.
    static func tensor(_ tensor: StoredTensor, key: String) -> Pickle {
        var strides = [Int](repeating: 1, count: tensor.shape.count)
        for axis in tensor.shape.indices.dropLast().reversed() {
            strides[axis] = strides[axis + 1] * tensor.shape[axis + 1]
        }
        let storage = Storage(key: key, type: tensor.elementType, bytes: tensor.bytes)
        return .tensor(storage, offset: 0, shape: tensor.shape, strides: strides)
    }
}

/// A number's bytes, the lowest first.
func littleEndian(_ number: some FixedWidthInteger) -> [UInt8] {
    var bytes: [UInt8] = []
    appendLittleEndian(number, to: &bytes)
    return bytes
}
