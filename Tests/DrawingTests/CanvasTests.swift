// SPDX-License-Identifier: MIT

import Testing

@testable import Drawing

@Suite("Canvas", .timeLimit(.minutes(120)))
struct CanvasTests {
    @Test("A rectangle covers its pixels and no others")
    func rectangle() throws {
        let canvas = try Canvas(width: 8, height: 4)
        canvas.fill(x: 2, y: 1, width: 3, height: 2, Color(red: 1, green: 0, blue: 0))
        let pixels = canvas.pixels()
        #expect(pixels.count == 8 * 4 * 3)
        for row in 0..<4 {
            for column in 0..<8 {
                let inside = (1..<3).contains(row) && (2..<5).contains(column)
                #expect(
                    Array(pixels[(row * 8 + column) * 3..<(row * 8 + column + 1) * 3])
                        == (inside ? [255, 0, 0] : [255, 255, 255])
                )
            }
        }
    }

    @Test("Text leaves ink where its anchor says", arguments: [TextAnchor.start, .middle, .end])
    func text(anchor: TextAnchor) throws {
        let canvas = try Canvas(width: 200, height: 40)
        #expect(canvas.width(of: "lucid", size: 16) > 20)
        canvas.write("lucid", x: 100, y: 25, size: 16, anchor: anchor, angle: 0, .ink)
        let pixels = canvas.pixels()
        let dark = (0..<200 * 40).filter { pixels[$0 * 3] < 128 }.map { $0 % 200 }
        let (first, last) = (try #require(dark.min()), try #require(dark.max()))
        switch anchor {
        case .start: #expect(first >= 100)
        case .middle: #expect(first < 100 && last > 100)
        case .end: #expect(last <= 100)
        }
    }

    @Test(
        "A picture is copied as it is, and cut off at the edges",
        arguments: [(1, 1), (-1, 0), (3, 2), (0, -1), (9, 9), (-9, 0)]
    )
    func picture(x: Int, y: Int) throws {
        let canvas = try Canvas(width: 4, height: 3)
        let source = (0..<2 * 2 * 3).map { UInt8($0 * 20) }
        canvas.copy(source, width: 2, height: 2, toX: x, y: y)
        let pixels = canvas.pixels()
        for row in 0..<3 {
            for column in 0..<4 {
                let inside = (x..<(x + 2)).contains(column) && (y..<(y + 2)).contains(row)
                let place = ((row - y) * 2 + column - x) * 3
                let expected = inside ? Array(source[place..<(place + 3)]) : [255, 255, 255]
                #expect(Array(pixels[(row * 4 + column) * 3..<(row * 4 + column + 1) * 3]) == expected)
            }
        }
    }

    @Test("Sizes out of bounds are refused", arguments: [(0, 10), (10, -1), (100_000, 10)])
    func bounds(width: Int, height: Int) {
        #expect(throws: DrawingError.noPicture(width: width, height: height)) {
            _ = try Canvas(width: width, height: height).width(of: "", size: 1)
        }
    }
}
