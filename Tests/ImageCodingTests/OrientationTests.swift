// SPDX-License-Identifier: MIT

import ImageCoding
import Testing

/// A small picture with EXIF data that may be odd or damaged, and what OpenCV makes of it; `make_orientations.py` makes
/// them.
private struct OrientationCases: Decodable {
    struct Case: Decodable {
        let name: String
        let kind: String
        /// The number of the picture that is to come out; nil where the file is refused.
        let picture: Int?
        let edits: [Edit]
    }

    /// Bytes that take others' place.
    struct Edit: Decodable {
        let position: Int
        let removed: Int
        let inserted: [UInt8]

        init(from decoder: any Decoder) throws {
            var parts = try decoder.unkeyedContainer()
            position = try parts.decode(Int.self)
            removed = try parts.decode(Int.self)
            inserted = fromHexadecimal(try parts.decode(String.self))
        }
    }

    /// The files without EXIF data, by their kind.
    let bases: [String: String]
    let pictures: [String]
    let cases: [Case]
}

@Suite("Orientation", .timeLimit(.minutes(120)))
struct OrientationTests {
    @Test(
        "Pictures are turned as OpenCV turns them, whatever is wrong with their EXIF data",
        arguments: ["jpg", "png"]
    )
    func agreesWithOpenCV(kind: String) throws {
        let goldens = try #require(decoded(OrientationCases.self, "orientations.json"))
        let base = try fromHexadecimal(#require(goldens.bases[kind]))
        let cases = goldens.cases.filter { $0.kind == kind }
        #expect(cases.count == ["jpg": 565, "png": 185][kind])
        for golden in cases {
            var bytes = base
            for edit in golden.edits {
                bytes.replaceSubrange(edit.position..<(edit.position + edit.removed), with: edit.inserted)
            }
            let found = (try? decodeImage(bytes, limits: .standard)).map(summary)
            #expect(found == golden.picture.map { goldens.pictures[$0] }, "\(golden.name)")
        }
    }
}
