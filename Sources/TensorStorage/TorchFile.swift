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
    let names = Set(archive.names)
    var storages: [String: [UInt8]] = [:]
    return try tensors(of: try reader.read(), limit: limit) { (key) throws(TensorFileError) in
        if let known = storages[key] { return known }
        let name = "\(folder)data/\(key)"
        guard names.contains(name) else { return nil }
        let bytes = try archive.contents(of: name, limit: remaining)
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
    return try tensors(of: value, limit: file.count) { (key) throws(TensorFileError) in storages[key] }
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
        storages[key] = Array(try cursor.read(count * type.byteCount))
    }
    return storages
}
