// SPDX-License-Identifier: MIT

public import SystemPackage
private import SystemSupport

/// Reads all tensors of a weight file: PyTorch's, old or new, or safetensors; its first bytes tell which.
///
/// Names are as in the file. A PyTorch checkpoint's "state_dict" (or "model", "net" and such) is
/// unwrapped; what is no tensor is left out. No more memory is taken than 8 bytes for each of the file's, and
/// 192 for each of a pickle's or a header's, which describe the tensors.
public func readTensors(at path: FilePath) throws -> [String: NamedTensor] {
    try readTensors(LocalFileSystem().contents(ofUserFile: path, limit: 8 << 30))
}

/// Reads all tensors of a weight file's bytes.
public func readTensors(_ file: [UInt8]) throws(TensorFileError) -> [String: NamedTensor] {
    if file.starts(with: [0x50, 0x4B, 3, 4]) { return try readTorchArchive(file) }
    // A header's size may begin with any byte, also with the one that begins a pickle; its brace tells them apart.
    if file.count > 8, file[8] == 0x7B { return try readSafetensors(file) }
    if file.first == 0x80 { return try readLegacyTorchFile(file) }
    throw .malformed(format: "weight", reason: "it is neither of PyTorch nor safetensors")
}
