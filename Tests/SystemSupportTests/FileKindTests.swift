// SPDX-License-Identifier: MIT

import SystemSupport
import Testing

@Suite("Kinds of files", .timeLimit(.minutes(120)))
struct FileKindTests {
    @Test(
        "A file is called by its first bytes",
        arguments: [
            ([], "empty"), ([UInt8](repeating: 0, count: 2000), "filled with zeros from its beginning"),
            ([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0], "a PNG picture"),
            // A PNG picture that was copied as a text is none.
            ([0x89, 0x50, 0x4E, 0x47, 0x0A, 0x1A, 0x0A, 0], nil),
            (Array("BM".utf8) + [0, 1, 2, 0, 0, 0, 0, 0], "a BMP picture"),
            (Array("BMI,age\n21,40\n".utf8), "a text or a table as text"),
            ([0x1F, 0x8B, 8, 0], "compressed with gzip (unpack it first)"),
            ([0x1F], nil), ([0x80, 2, 0x7D], "a Python pickle"),
            ([UInt8](repeating: 97, count: 257) + Array("ustar".utf8), "a tar archive"),
            ([0x50, 0x4B, 3, 4], nil),
            (Array(" \n<!doctype HTML>".utf8), "a page of HTML"), (Array("<svg xmlns".utf8), "an SVG drawing"),
        ] as [([UInt8], String?)]
    )
    func words(bytes: [UInt8], expected: String?) {
        let words = FileKind.words(for: bytes)
        if let expected {
            #expect(words?.hasPrefix(expected) == true, "\(words ?? "nothing")")
        } else {
            #expect(words == nil)
        }
    }

    @Test(
        "An archive is called by its first entry",
        arguments: [
            ("a.npy", "a NumPy archive"), ("x/zarr.json", "a Zarr store"), ("c/0/0", "a Zarr store"),
            ("archive/data.pkl", "a file of torch.save"), ("b.txt", "a ZIP archive whose first entry is \"b.txt\""),
        ]
    )
    func archives(name: String, words: String) {
        let header = [0x50, 0x4B, 3, 4] + [UInt8](repeating: 0, count: 22) + [UInt8(name.utf8.count), 0, 0, 0]
        for end in [[], [1, 2, 3]] as [[UInt8]] {
            #expect(FileKind.words(for: header + Array(name.utf8) + end)?.hasPrefix(words) == true)
        }
    }
}
