// SPDX-License-Identifier: MIT

/// What a file is that was taken for another kind, in the words "it is …".
func kind(of file: [UInt8]) -> String {
    if file.isEmpty { return "it is empty" }
    if let words = zipKind(of: file) { return "it is \(words)" }
    for (beginning, words) in magicNumbers where file.starts(with: beginning) { return "it is \(words)" }
    if isPage(file) { return "it is a page of HTML, so the download went wrong: look at it, and fetch the file itself" }
    let text = String(decoding: file.prefix(100), as: UTF8.self)
    for (beginning, words) in textBeginnings where text.hasPrefix(beginning) { return "it is \(words)" }
    if file.count > 262, file[257..<262].elementsEqual("ustar".utf8) {
        return "it is a tar archive: unpack it, or load it with what wrote it"
    }
    if file.prefix(1000).allSatisfy({ $0 >= 32 || [9, 10, 13].contains($0) }) {
        return "it is a text, or a table as text"
    }
    return "it is of no kind that is known here"
}

/// Whether bytes begin as a page of HTML, which servers send in place of files.
func isPage(_ bytes: [UInt8]) -> Bool {
    let text = String(decoding: bytes.prefix(1000), as: UTF8.self).drop(while: \.isWhitespace).lowercased()
    return ["<!doctype html", "<html", "<head", "<!--"].contains { text.hasPrefix($0) }
}

/// What a ZIP archive is, by the name of its first entry, which stands at its beginning; nil for other files.
private func zipKind(of file: [UInt8]) -> String? {
    var cursor = ByteCursor(file, from: min(26, file.count), format: "ZIP")
    guard file.starts(with: [0x50, 0x4B, 3, 4]), let length = try? cursor.size(bytes: 2), (try? cursor.take(2)) != nil,
        let bytes = try? cursor.take(min(length, cursor.remaining))
    else { return nil }
    let name = String(decoding: bytes, as: UTF8.self)
    let last = name.split(separator: "/").last ?? ""
    if last.hasSuffix(".npy") { return "a NumPy archive (.npz)" }
    if ["zarr.json", ".zarray", ".zgroup", ".zattrs", "c"].contains(last) || name.hasPrefix("c/") {
        return "a Zarr store in a ZIP archive (.zarr.zip)"
    }
    if last == "data.pkl" { return "a file of torch.save" }
    return "a ZIP archive whose first entry is \"\(name.prefix(60))\""
}

private let magicNumbers: [([UInt8], String)] = [
    ([0x93] + Array("NUMPY".utf8), "a NumPy array (.npy)"),
    ([0x50, 0x4B, 5, 6], "an empty ZIP archive"),
    ([0x1F, 0x8B], "compressed with gzip: unpack it first"),
    ([0x42, 0x5A, 0x68], "compressed with bzip2: unpack it first"),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "compressed with xz: unpack it first"),
    ([0x28, 0xB5, 0x2F, 0xFD], "compressed with zstd: unpack it first"),
    ([0x37, 0x7A, 0xBC, 0xAF], "a 7-Zip archive: unpack it first"),
    ([0x52, 0x61, 0x72, 0x21], "a RAR archive: unpack it first"),
    ([0x89, 0x48, 0x44, 0x46], "an HDF5 file"), (Array("MATLAB ".utf8), "a file of MATLAB"),
    (Array("GGUF".utf8), "a GGUF file"), ([0x89, 0x50, 0x4E, 0x47], "a PNG picture"),
    ([0xFF, 0xD8, 0xFF], "a JPEG picture"),
    (Array("PAR1".utf8), "a Parquet file"), ([0x80], "a Python pickle"), ([0x08], "perhaps an ONNX or TensorFlow file"),
]

private let textBeginnings = [
    (
        "version https://git-lfs",
        "a Git LFS pointer, which stands for the file: run `git lfs pull` where it was cloned, or download the file itself"
    ),
    ("<?xml", "an XML text, so the download may have gone wrong: look at it"), ("{", "a JSON text"),
    ("[", "a JSON text"),
]
