// SPDX-License-Identifier: MIT

/// What files are that were taken for another kind, by their first bytes.
public enum FileKind {
    /// What a file is, in words that follow "it is", with what to do about it; nil where that is not known.
    public static func words(for file: [UInt8]) -> String? {
        if file.isEmpty { return "empty" }
        let beginning = file.prefix(1000)
        if beginning.allSatisfy({ $0 == 0 }) { return "filled with zeros from its beginning" }
        if let words = zipWords(for: file) { return words }
        if isPage(file) { return "a page of HTML (the download went wrong: look at it, and fetch the file itself)" }
        if let signature = signatures.first(where: { $0.matches(file) }) { return signature.words }
        let isText = beginning.allSatisfy { $0 >= 32 || [9, 10, 13].contains($0) }
        return isText ? "a text or a table as text" : nil
    }

    /// Whether bytes begin as a page of HTML, which servers send in place of files.
    public static func isPage(_ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes.prefix(1000), as: UTF8.self).drop(while: \.isWhitespace).lowercased()
        return ["<!doctype html", "<html", "<head", "<!--"].contains { text.hasPrefix($0) }
    }

    /// What a ZIP archive is, by the name of its first entry, which stands at its beginning; nil for other files.
    private static func zipWords(for file: [UInt8]) -> String? {
        guard file.starts(with: [0x50, 0x4B, 3, 4]), file.count >= 30 else { return nil }
        let length = Int(file[26]) | Int(file[27]) << 8
        let name = String(decoding: file[30...].prefix(length), as: UTF8.self)
        let last = name.split(separator: "/").last ?? ""
        if last.hasSuffix(".npy") { return "a NumPy archive (.npz)" }
        if ["zarr.json", ".zarray", ".zgroup", ".zattrs", "c"].contains(last) || name.hasPrefix("c/") {
            return "a Zarr store in a ZIP archive (.zarr.zip)"
        }
        if last == "data.pkl" { return "a file of torch.save" }
        return "a ZIP archive whose first entry is \"\(name.prefix(60))\""
    }

    private struct Signature {
        let words: String
        /// Bytes that are to be found, each at their place.
        let parts: [(position: Int, bytes: [UInt8])]

        init(_ words: String, _ bytes: [UInt8]) { (self.words, parts) = (words, [(0, bytes)]) }

        init(_ words: String, _ texts: (position: Int, text: String)...) {
            (self.words, parts) = (words, texts.map { ($0.position, Array($0.text.utf8)) })
        }

        func matches(_ file: [UInt8]) -> Bool {
            parts.allSatisfy { file.dropFirst($0.position).starts(with: $0.bytes) }
        }
    }

    /// Those of a single byte, which others may begin with as well, stand last.
    private static let signatures =
        pictures + archives + arrays + texts + [
            Signature("a Python pickle", [0x80]), Signature("perhaps an ONNX or TensorFlow file", [0x08]),
        ]

    private static let pictures = [
        Signature("a PNG picture", [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]),
        Signature("a JPEG picture", [0xFF, 0xD8, 0xFF]),
        Signature("a GIF picture", (0, "GIF8")),
        Signature("a WebP picture", (0, "RIFF"), (8, "WEBP")),
        Signature("a TIFF picture", (0, "II*\0")),
        Signature("a TIFF picture", (0, "MM\0*")),
        Signature("an AVIF picture", (4, "ftypavi")),
        Signature("a HEIC picture", (4, "ftyphe")),
        Signature("a HEIC picture", (4, "ftypmif1")),
        Signature("a JPEG 2000 picture", (4, "jP  ")),
        Signature("a JPEG XL picture", (4, "JXL ")),
        Signature("a BMP picture", (0, "BM"), (6, "\0\0\0\0")),
    ]

    private static let archives = [
        Signature("an empty ZIP archive", (0, "PK\u{5}\u{6}")),
        Signature("compressed with gzip (unpack it first)", [0x1F, 0x8B]),
        Signature("compressed with bzip2 (unpack it first)", (0, "BZh")),
        Signature("compressed with xz (unpack it first)", [0xFD, 0x37, 0x7A, 0x58, 0x5A]),
        Signature("compressed with zstd (unpack it first)", [0x28, 0xB5, 0x2F, 0xFD]),
        Signature("a 7-Zip archive (unpack it first)", [0x37, 0x7A, 0xBC, 0xAF]),
        Signature("a RAR archive (unpack it first)", (0, "Rar!")),
        Signature("a tar archive (unpack it, or load it with what wrote it)", (257, "ustar")),
    ]

    private static let arrays = [
        Signature("a NumPy array (.npy)", [0x93] + Array("NUMPY".utf8)),
        Signature("an HDF5 file", [0x89] + Array("HDF".utf8)),
        Signature("a file of MATLAB", (0, "MATLAB ")),
        Signature("a GGUF file", (0, "GGUF")),
        Signature("a Parquet file", (0, "PAR1")),
    ]

    private static let texts = [
        Signature(
            "a Git LFS pointer (run \"git lfs pull\" where it was cloned, or download the file itself)",
            (0, "version https://git-lfs")
        ),
        Signature("an XML text (an SVG drawing, or a download that went wrong: look at it)", (0, "<?xml")),
        Signature("an SVG drawing", (0, "<svg")),
        Signature("a JSON text", (0, "{")),
        Signature("a JSON text", (0, "[")),
    ]
}
