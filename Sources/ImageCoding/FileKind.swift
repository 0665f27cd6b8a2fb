// SPDX-License-Identifier: MIT

/// What files are that are called like images and hold something else.
enum FileKind {
    /// What a file is by its first bytes, in words; nil where they are not known.
    static func words(for bytes: [UInt8]) -> String? {
        if bytes.isEmpty { return "empty" }
        if bytes.allSatisfy({ $0 == 0 }) { return "nothing but zeros" }
        return signatures.first { $0.matches(bytes) }?.words
    }

    private struct Signature {
        let words: String
        /// Texts that are to be found, each at its place.
        let parts: [(position: Int, text: String)]

        init(_ words: String, _ parts: (position: Int, text: String)...) {
            (self.words, self.parts) = (words, parts)
        }

        func matches(_ bytes: [UInt8]) -> Bool {
            parts.allSatisfy { bytes.dropFirst($0.position).starts(with: $0.text.utf8) }
        }
    }

    private static let signatures = [
        Signature("a GIF picture", (0, "GIF8")),
        Signature("a WebP picture", (0, "RIFF"), (8, "WEBP")),
        Signature("a TIFF picture", (0, "II*\0")),
        Signature("a TIFF picture", (0, "MM\0*")),
        Signature("an AVIF picture", (4, "ftypavi")),
        Signature("a HEIC picture", (4, "ftyphe")),
        Signature("a HEIC picture", (4, "ftypmif1")),
        Signature("a JPEG 2000 picture", (4, "jP  ")),
        Signature("a JPEG XL picture", (4, "JXL ")),
        Signature("a BMP picture", (0, "BM")),
        Signature("a page of HTML", (0, "<!DOCTYPE html")),
        Signature("a page of HTML", (0, "<!doctype html")),
        Signature("a page of HTML", (0, "<html")),
        Signature("an SVG or XML file", (0, "<?xml")),
        Signature("an SVG drawing", (0, "<svg")),
        Signature("a Git LFS pointer (\"git lfs pull\" fetches the file itself)", (0, "version https://git-lfs")),
    ]
}
