// SPDX-License-Identifier: MIT

public import SystemPackage
private import SystemSupport

/// Reads all tensors of a weight file: PyTorch's, old or new, or safetensors; its first bytes tell which.
///
/// Names are as in the file. A PyTorch checkpoint's "state_dict" is unwrapped; what is no tensor is left out.
public func readTensors(at path: FilePath) throws -> [String: NamedTensor] {
    try readTensors(LocalFileSystem().contents(ofUserFile: path, limit: 8 << 30))
}

/// Reads all tensors of a weight file's bytes.
public func readTensors(_ file: [UInt8]) throws(TensorFileError) -> [String: NamedTensor] {
    if file.starts(with: [0x50, 0x4B, 3, 4]) { return try readTorchArchive(file) }
    let magicNumber: [UInt8] = [0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]
    if file.first == 0x80, file.dropFirst(2).starts(with: magicNumber) { return try readLegacyTorchFile(file) }
    if file.count > 8, file[8] == 0x7B { return try readSafetensors(file) }
    throw .malformed(format: "weight", reason: "it is neither of PyTorch nor safetensors")
}
