// SPDX-License-Identifier: MIT

import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

@testable import Coordination

@Suite("Rows of other programs' arrays and their images", .timeLimit(.minutes(120)))
struct RowMatchingTests {
    private static let digests = (0..<4).map { ContentDigest(of: "image \($0)") }

    private static let images = [
        RowMatching.Image(name: "a/1.jpg", path: "/data/a/1.jpg", digest: digests[0]),
        RowMatching.Image(name: "a/2.jpg", path: "/data/a/2.jpg", digest: digests[1]),
        RowMatching.Image(name: "b/1.jpg", path: "/data/b/1.jpg", digest: digests[2]),
        RowMatching.Image(name: "b/4.jpg", path: "/data/b/4.jpg", digest: digests[3]),
    ]

    private func matching(_ names: [String], digests: [ContentDigest?]? = nil) throws -> RowMatching {
        let folder = try TemporaryFolder()
        let file = folder.path.appending("names")
        try LocalFileSystem().create(file, contents: Array(names.map { "\($0)\n" }.joined().utf8), durably: false)
        let listed = try RowNames(lines: file)
        guard let digests else { return RowMatching(listed, images: Self.images) }
        let named = zip(listed.names, digests).map { RowNames.Name(text: $0.text, digest: $1) }
        return RowMatching(RowNames(names: named), images: Self.images)
    }

    @Test(
        "An image's row is found by its path below the folder, from the root, or by the end that only it has",
        arguments: [
            ["b/4.jpg", "b/1.jpg", "a/2.jpg", "a/1.jpg"],
            ["/data/b/4.jpg", "/data/b/1.jpg", "/data/a/2.jpg", "/data/a/1.jpg"],
            ["/elsewhere/b/4.jpg", "b/1.jpg", "2.jpg", "a/1.jpg"],
        ]
    )
    func names(names: [String]) throws {
        let matching = try matching(names)
        #expect(try matching.rows(of: [0, 1, 2, 3], in: "x") == [3, 2, 1, 0])
        #expect(matching.strangers.isEmpty)
        #expect(try matching.rows(of: [3, 1], in: "x") == [0, 2])
    }

    @Test(
        "Names that end alike are not taken for one another",
        arguments: [
            ["x/1.jpg", "2.jpg", "b/1.jpg", "4.jpg"], ["1.jpg", "2.jpg", "b/1.jpg", "4.jpg"],
            ["/x/a/1.jpg", "/y/a/1.jpg", "a/2.jpg", "b/1.jpg", "b/4.jpg"],
        ]
    )
    func ambiguous(names: [String]) throws {
        let error = #expect(throws: SubmissionError.self) {
            try matching(names).rows(of: [0, 1, 2, 3], in: "the array")
        }
        #expect(error?.description.contains("no row for 1 of the 4") == true)
        #expect(error?.description.contains("\"a/1.jpg\"") == true)
    }

    @Test("A row that is another image's own is not taken for one whose name is its end")
    func others() throws {
        let images = ["1.jpg", "a/1.jpg", "2.jpg"].map { RowMatching.Image(name: $0, path: nil, digest: nil) }
        let rows = RowNames(names: ["a/1.jpg", "b/2.jpg"].map { RowNames.Name(text: $0, digest: nil) })
        let matching = RowMatching(rows, images: images)
        #expect(throws: SubmissionError.self) { try matching.rows(of: [0], in: "x") }
        #expect(try matching.rows(of: [1, 2], in: "x") == [0, 1])
        #expect(matching.matchedByEnd?.count == 1 && matching.matchedByEnd?.example.row == "b/2.jpg")
    }

    @Test("Digests find what has other names, and tell what has other contents")
    func digests() throws {
        let others = try matching(["w", "x", "y", "z"], digests: Self.digests.reversed())
        #expect(try others.rows(of: [0, 1, 2, 3], in: "x") == [3, 2, 1, 0])
        let wrong = try matching(["a/1.jpg", "a/2.jpg", "b/1.jpg", "b/4.jpg"], digests: Self.digests.reversed())
        let error = #expect(throws: SubmissionError.self) { try wrong.rows(of: [0, 1], in: "the array") }
        #expect(error?.description.contains("other contents under the same names") == true)
    }

    @Test("Rows of other images are counted")
    func strangers() throws {
        let matching = try matching(["a/1.jpg", "c/9.jpg", "a/2.jpg", "c/8.jpg"])
        #expect(try matching.rows(of: [1, 0], in: "x") == [2, 0])
        #expect(matching.strangers == ["c/9.jpg", "c/8.jpg"])
    }

    @Test(
        "A list of names without a name, or with one twice, is refused",
        arguments: ["\n", "a\nb\na\n", "a\u{0}\n"]
    )
    func lists(text: String) throws {
        let folder = try TemporaryFolder()
        let file = folder.path.appending("names")
        try LocalFileSystem().create(file, contents: Array(text.utf8), durably: false)
        #expect(throws: (any Error).self) { try RowNames(lines: file) }
    }
}
