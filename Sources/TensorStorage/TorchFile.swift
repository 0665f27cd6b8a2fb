// SPDX-License-Identifier: MIT

/// Reads what `torch.save` wrote of a dictionary of tensors, in its ZIP format.
func readTorchArchive(_ file: [UInt8]) throws(TensorFileError) -> [String: NamedTensor] {
    let archive = try ZipArchive(file)
    guard let pickleName = archive.names.first(where: { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }) else {
        throw .malformed(format: "PyTorch", reason: "the archive has no data.pkl")
    }
    let folder = pickleName.dropLast("data.pkl".count)
    if archive.names.contains("\(folder)byteorder") {
        let order = try archive.contents(of: "\(folder)byteorder", limit: 16)
        guard order == Array("little".utf8) else {
            throw .refused(format: "PyTorch", reason: "its numbers are not little-endian")
        }
    }
    let arena = PickleArena()
    defer { withExtendedLifetime(arena) {} }
    var reader = PickleReader(try archive.contents(of: pickleName, limit: file.count), arena: arena)
    var storages: [String: [UInt8]] = [:]
    var remaining = file.count
    return try tensors(of: try reader.read(), limit: file.count) { (key) throws(TensorFileError) in
        if let known = storages[key] { return known }
        let bytes = try archive.contents(of: "\(folder)data/\(key)", limit: remaining)
        remaining -= bytes.count
        storages[key] = bytes
        return bytes
    }
}

/// The low eight bytes of the number with which files of the old format begin.
private let magicNumber = Int(bitPattern: 0xA86A_20F9_469C_FC6C)

/// Reads the format of before PyTorch 1.6: pickles one after another, then the storages' bytes.
func readLegacyTorchFile(_ file: [UInt8]) throws(TensorFileError) -> [String: NamedTensor] {
    let arena = PickleArena()
    defer { withExtendedLifetime(arena) {} }
    var position = 0
    var types: [String: ElementType] = [:]
    func next() throws(TensorFileError) -> PickleValue {
        var reader = PickleReader(file, from: position, arena: arena)
        let value = try reader.read()
        position = reader.position
        types.merge(reader.storageTypes) { $1 }
        return value
    }
    guard try next().integer == magicNumber else {
        throw .malformed(format: "PyTorch", reason: "it is a pickle, but not one of torch.save")
    }
    guard try next().integer == 1001 else {
        throw .refused(format: "PyTorch", reason: "its protocol is unknown; save it again with torch.save")
    }
    guard case .dictionary(let system) = try next(),
        system.items.contains(where: {
            if $0.key == "little_endian", case .bool(true) = $0.value { true } else { false }
        })
    else { throw .refused(format: "PyTorch", reason: "its numbers are not little-endian") }
    let value = try next()
    guard case .list(let list) = try next() else {
        throw .malformed(format: "PyTorch", reason: "its list of storages is missing")
    }
    var storages: [String: [UInt8]] = [:]
    var cursor = ByteCursor(file, from: position, format: "PyTorch")
    for key in list.elements.compactMap(\.string) {
        let count = try cursor.size(bytes: 8)
        guard let type = types[key], count <= cursor.remaining / type.byteCount else {
            throw .malformed(format: "PyTorch", reason: "the storage \"\(key)\" reaches beyond the file")
        }
        storages[key] = Array(try cursor.take(count * type.byteCount))
    }
    return try tensors(of: value, limit: file.count) { (key) throws(TensorFileError) in
        guard let bytes = storages[key] else {
            throw .malformed(format: "PyTorch", reason: "the storage \"\(key)\" is missing")
        }
        return bytes
    }
}

/// Gathers all tensors, at most `limit` numbers of them.
///
/// Tensors may share a storage, so that a small file could ask for any number of them. As many numbers
/// as the file has bytes are enough for single precision where each number is used four times.
private func tensors(
    of value: PickleValue,
    limit: Int,
    storage: (String) throws(TensorFileError) -> [UInt8]
) throws(TensorFileError) -> [String: NamedTensor] {
    guard case .dictionary(let dictionary) = value else {
        throw .refused(format: "PyTorch", reason: "it holds no dictionary of tensors; save the model's state_dict()")
    }
    var tensors: [String: NamedTensor] = [:]
    var remaining = limit
    for (key, value) in try dictionary.stateDictionary().items {
        guard case .tensor(let view) = value else { continue }
        // A shape that has no number of elements is refused, with its name, where it is gathered.
        let count = elementCount(view.shape, limit: .max) ?? 0
        guard count <= remaining else {
            throw .refused(
                format: "PyTorch",
                reason: "its tensors share storages so often that they hold more numbers than the file has bytes"
            )
        }
        remaining -= count
        tensors[key] = try view.gathered(from: try storage(view.storage.key), named: key)
    }
    if tensors.isEmpty { throw .refused(format: "PyTorch", reason: "it holds no tensors") }
    return tensors
}
