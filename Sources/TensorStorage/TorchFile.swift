// SPDX-License-Identifier: MIT

/// What messages call all of PyTorch's formats.
let torchFormat = "PyTorch"

/// Reads what `torch.save` wrote of a dictionary of tensors, in its ZIP format.
func readTorchArchive(_ file: [UInt8]) throws(TensorFileError) -> TensorFile {
    let archive = try ZipArchive(file)
    guard let pickleName = archive.names.first(where: { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }),
        !archive.isTorchScript
    else {
        let found =
            archive.isTorchScript ? "it is a program of TorchScript: load it with torch.jit.load" : kind(of: file)
        throw .refused(format: "weight", reason: "\(found); \(savingRemedy)")
    }
    let folder = pickleName.dropLast("data.pkl".count)
    if archive.names.contains("\(folder)byteorder") {
        let order = try archive.contents(of: "\(folder)byteorder", limit: 16)
        guard order == Array("little".utf8) else { throw bigEndian }
    }
    // Little of what compresses well is weights.
    var remaining = archive.isCompressed ? file.count * 16 : file.count
    let limit = remaining
    let arena = PickleArena()
    defer { withExtendedLifetime(arena) {} }
    var reader = PickleReader(try archive.contents(of: pickleName, limit: limit), arena: arena)
    var storages: [String: [UInt8]] = [:]
    return try tensors(of: try reader.read(), limit: limit) { (key) throws(TensorFileError) in
        if let known = storages[key] { return known }
        let bytes = try archive.contents(of: "\(folder)data/\(key)", limit: remaining)
        remaining -= bytes.count
        storages[key] = bytes
        return bytes
    }
}

private let bigEndian = TensorFileError.refused(
    format: torchFormat,
    reason: "its numbers are big-endian; load it on the machine that wrote it, and write it as safetensors"
)

/// The low eight bytes of the number with which files of the old format begin.
private let magicNumber = Int(bitPattern: 0xA86A_20F9_469C_FC6C)
/// The same number as the first protocols of pickles write it.
private let magicLine = Array("L119547037146038801333356L\n".utf8)

/// Whether a file is of the old format, or at least a pickle.
func isLegacyTorchFile(_ file: [UInt8]) -> Bool { file.first == 0x80 || file.starts(with: magicLine) }

/// Reads the format of before PyTorch 1.6: pickles one after another, then the storages' bytes.
func readLegacyTorchFile(_ file: [UInt8]) throws(TensorFileError) -> TensorFile {
    let arena = PickleArena()
    defer { withExtendedLifetime(arena) {} }
    var position = 0
    var types: [String: TorchStorageType] = [:]
    func next() throws(TensorFileError) -> PickleValue {
        var reader = PickleReader(file, from: position, arena: arena)
        let value = try reader.read()
        position = reader.position
        types.merge(reader.storageTypes) { $1 }
        return value
    }
    guard try next().integer == magicNumber else {
        throw .refused(
            format: torchFormat,
            reason: "it is a pickle, but not one of torch.save; load it as it was saved, and \(savingRemedy)"
        )
    }
    guard try next().integer == 1001 else {
        throw .refused(format: torchFormat, reason: "its protocol is unknown; \(savingRemedy)")
    }
    guard case .dictionary(let system) = try next(),
        system.items.contains(where: {
            if $0.key == "little_endian", case .bool(true) = $0.value { true } else { false }
        })
    else { throw bigEndian }
    let value = try next()
    guard case .list(let list) = try next() else {
        throw .malformed(format: torchFormat, reason: "its list of storages is missing")
    }
    let storages = try storages(list.elements.compactMap(\.string), types, in: file, from: position)
    return try tensors(of: value, limit: file.count) { (key) throws(TensorFileError) in
        guard let bytes = storages[key] else {
            throw .malformed(format: torchFormat, reason: "the storage \"\(key)\" is missing")
        }
        return bytes
    }
}

/// The bytes of storages, which follow one after the other, each after its count.
private func storages(
    _ keys: [String],
    _ types: [String: TorchStorageType],
    in file: [UInt8],
    from position: Int
) throws(TensorFileError) -> [String: [UInt8]] {
    var storages: [String: [UInt8]] = [:]
    var cursor = ByteCursor(file, from: position, format: torchFormat)
    for key in keys {
        let count = try cursor.size(bytes: 8)
        guard let type = types[key] else {
            throw .refused(format: torchFormat, reason: "its storage \"\(key)\" is of an unknown type; \(savingRemedy)")
        }
        guard count <= cursor.remaining / type.byteCount else {
            throw .malformed(format: torchFormat, reason: "the storage \"\(key)\" reaches beyond the file")
        }
        storages[key] = Array(try cursor.take(count * type.byteCount))
    }
    return storages
}

/// Gathers all tensors, at most `limit` numbers of them.
///
/// Tensors may share a storage, so that a small file could ask for any number of them. As many numbers
/// as the file has bytes are enough for single precision where each number is used four times.
private func tensors(
    of value: PickleValue,
    limit: Int,
    storage: (String) throws(TensorFileError) -> [UInt8]
) throws(TensorFileError) -> TensorFile {
    let (dictionary, remark) = try stateDictionary(in: value)
    var tensors: [String: NamedTensor] = [:]
    var unread: [String: TensorFileError] = [:]
    var remaining = limit
    for (key, value) in dictionary.items {
        if let name = value.inertName {
            unread[key] = .refused(
                format: torchFormat,
                reason: "\"\(key.prefix(100))\" is \(name), which is not read here; save plain tensors of float32"
            )
        }
        guard case .tensor(let view) = value else { continue }
        // A shape that has no number of elements is refused, with its name, where it is gathered.
        let count = elementCount(view.shape, limit: .max) ?? 0
        guard count <= remaining else {
            throw .refused(
                format: torchFormat,
                reason: "its tensors share storages so often that they hold more numbers than the file has bytes; "
                    + "save clones: torch.save({name: tensor.clone() for name, tensor in state.items()}, \"weights.pt\")"
            )
        }
        remaining -= count
        tensors[key] = try view.gathered(from: try storage(view.storage.key), named: key)
    }
    if tensors.isEmpty { throw withoutTensors(unread) }
    return TensorFile(tensors: tensors, unread: unread, remark: remark)
}

/// Says why a dictionary of no tensors is of no use, by what stands there instead of one where anything does.
private func withoutTensors(_ unread: [String: TensorFileError]) -> TensorFileError {
    if let first = unread.min(by: { $0.key < $1.key }) { return first.value }
    return .refused(format: torchFormat, reason: "it holds no tensors; \(savingRemedy)")
}
