// SPDX-License-Identifier: MIT

/// Writes tensors as `torch.save` writes a state dictionary, for `torch.load` also with `weights_only=True`.
///
/// Names must differ. The same content gives the same bytes. Every record starts at a multiple of 64 bytes, as
/// PyTorch has it, so that the file can be mapped into memory.
///
/// - Parameter tensors: the tensors in the order of the dictionary.
/// - Throws: `TensorFileError` where the archive cannot be packed.
/// - Returns: the file's bytes.
public func encodeTorchFile(_ tensors: [StoredTensor]) throws(TensorFileError) -> [UInt8] {
    var pickle = PickleWriter()
    pickle.writeStateDictionary(tensors)
    let folder = "weights"
    var records = [
        (name: "\(folder)/data.pkl", contents: pickle.finished()),
        (name: "\(folder)/byteorder", contents: Array("little".utf8)),
    ]
    for (number, tensor) in tensors.enumerated() {
        records.append((name: "\(folder)/data/\(number)", contents: tensor.bytes))
    }
    records.append((name: "\(folder)/version", contents: Array("3\n".utf8)))
    return try encodeZip(records, alignment: 64)
}
