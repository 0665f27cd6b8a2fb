// SPDX-License-Identifier: MIT

import JobKinds
import RepresentationSimilarity
import SystemPackage
import SystemSupport
import Testing

@Suite(.timeLimit(.minutes(120)))
struct ResultFileTests {
    private func sums(_ rows: Range<Int>) throws -> HSICPartialSums {
        try HSICPartialSums.compute(matrices: 2, images: 5, rows: rows) { matrix, rows in
            rows.flatMap { row in (0..<5).map { Float(row * $0 + matrix) / 3 } }
        }
    }

    @Test func `sums are read back as they were written`() throws {
        let file = HSICResultFile(blocks: [
            .init(layer: "conv2d0", meanSquares: [0.5, .pi], partials: [try sums(0..<2), try sums(2..<5)]),
            .init(layer: "logits", meanSquares: [-0.0, 1e300], partials: []),
        ])
        let bytes = file.encoded()
        #expect(HSICResultFile(decoding: bytes) == file)
        #expect(HSICResultFile(decoding: bytes + [0]) == nil)
    }

    @Test func `sums cut short anywhere are refused`() throws {
        let file = HSICResultFile(blocks: [
            .init(layer: "conv2d0", meanSquares: [0.5, .pi], partials: [try sums(0..<5)])
        ])
        let bytes = file.encoded()
        for length in bytes.indices { #expect(HSICResultFile(decoding: Array(bytes[..<length])) == nil) }
    }

    @Test(arguments: [
        #"{"blocks":[{"groups":[[0,9]],"images":5,"layer":"a","matrices":1}],"format":1}"#,
        #"{"blocks":[{"groups":[[3,1]],"images":5,"layer":"a","matrices":1}],"format":1}"#,
        #"{"blocks":[{"groups":[],"images":5,"layer":"a","matrices":-1}],"format":1}"#,
        #"{"blocks":[{"groups":[[0,5]],"images":1000000000,"layer":"a","matrices":1000000}],"format":1}"#,
        #"{"blocks":[],"format":2}"#,
        "[]",
    ])
    func `a header that promises what cannot be is refused`(header: String) {
        #expect(HSICResultFile(decoding: Array("\(header)\n".utf8)) == nil)
    }

    @Test func `a list of images is read back, whatever its paths hold`() throws {
        let paths = ["/a.png", "/with spaces/ä  b.jpg", "/ leading"]
        let list = ImageSetFile(paths.map { .init(digest: ContentDigest(of: $0), path: FilePath($0)) })
        #expect(ImageSetFile(decoding: list.encoded()) == list)
        #expect(ImageSetFile(decoding: []) == ImageSetFile([]))
        let renamed = ImageSetFile(list.entries.map { .init(digest: $0.digest, path: FilePath("/x")) })
        #expect(renamed.contentDigest == list.contentDigest)
    }

    @Test(
        arguments: [
            (["/d/a/1.png", "/d/b/1.png", "/d/b/2.png"], ["a/1.png", "b/1.png", "b/2.png"]),
            (["/d/a/1.png"], ["1.png"]), (["/d/a/1.png", "/d/a/10.png"], ["1.png", "10.png"]),
            (["/d/aé/1.png", "/d/aè/1.png"], ["aé/1.png", "aè/1.png"]),
            (["/1.png", "/d/1.png"], ["1.png", "d/1.png"]),
            (["/d/1.png", "/d/1.png"], ["1.png", "1.png"]), ([], []),
        ]
    )
    func `images are called by their paths below what all of them are in`(paths: [String], names: [String]) {
        let list = ImageSetFile(paths.map { .init(digest: ContentDigest(of: $0), path: FilePath($0)) })
        let folderLength = list.commonFolderLength
        #expect(list.entries.indices.map { list.name(ofRow: $0, without: folderLength) } == names)
    }

    @Test(arguments: ["abc /a.png\n", "/a.png\n", String(repeating: "0", count: 64) + "\n"])
    func `a line that is no image is refused`(text: String) {
        #expect(ImageSetFile(decoding: Array(text.utf8)) == nil)
    }

    @Test func `a list of rows is read back, and refused where a line is no row`() {
        #expect(RowListFile.decoded(RowListFile.encoded([3, 0, 17, 3])) == [3, 0, 17, 3])
        #expect(RowListFile.decoded([]) == [])
        #expect(RowListFile.decoded(Array("1\n-2\n".utf8)) == nil)
        #expect(RowListFile.decoded(Array("1\nx\n".utf8)) == nil)
    }
}
