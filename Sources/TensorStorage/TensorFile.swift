// SPDX-License-Identifier: MIT

public import SystemPackage
private import SystemSupport

/// What a weight file holds.
public struct TensorFile: Sendable {
    /// The tensors by name.
    public let tensors: [String: NamedTensor]
    /// What stands among the tensors and cannot be read as one, by name: an error only for who needs it.
    public let unread: [String: TensorFileError]
    /// What the user should know of how the file was read; nil where there was no choice.
    public let remark: String?
}

/// Reads a weight file: PyTorch's, old or new, or safetensors; its first bytes tell which.
///
/// Names are as in the file. A PyTorch checkpoint's "state_dict" (or "model", "net" and such) is unwrapped. Of each of the
/// file's bytes, unpacked where it is compressed, no more than 16 bytes of memory are taken, and 192 for each of a
/// pickle's or a header's, which describe the tensors.
public func readTensorFile(at path: FilePath) throws -> TensorFile {
    try readTensorFile(LocalFileSystem().contents(ofUserFile: path, limit: 8 << 30))
}

/// Reads a weight file's bytes.
public func readTensorFile(_ file: [UInt8]) throws(TensorFileError) -> TensorFile {
    if file.starts(with: [0x50, 0x4B, 3, 4]) { return try readTorchArchive(file) }
    // A header's size may begin with any byte, also with the one that begins a pickle; its brace tells them apart.
    if file.count > 8, file[8] == 0x7B { return try readSafetensorsFile(file) }
    if isLegacyTorchFile(file) { return try readLegacyTorchFile(file) }
    throw .refused(format: "weight", reason: "\(kind(of: file)); \(savingRemedy)")
}

/// Reads all tensors of a weight file.
public func readTensors(at path: FilePath) throws -> [String: NamedTensor] {
    try readTensorFile(at: path).tensors
}

/// Reads all tensors of a weight file's bytes.
public func readTensors(_ file: [UInt8]) throws(TensorFileError) -> [String: NamedTensor] {
    try readTensorFile(file).tensors
}

/// What a file is that was taken for another kind, in the words "it is …".
func kind(of file: [UInt8]) -> String { "it is \(FileKind.words(for: file) ?? "of no kind that is known here")" }

/// What to do about a file that is sound but of no use.
let savingRemedy = "save it anew: torch.save({\"state_dict\": model.state_dict()}, \"weights.pt\")"
