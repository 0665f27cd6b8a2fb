// SPDX-License-Identifier: MIT

import Drawing
import ImageCoding
import Testing

@testable import Reports

@Suite("The atlas's sheets", .timeLimit(.minutes(120)))
struct AtlasSheetTests {
    private static let title = AtlasSheet.Title(campaign: "c-01234567", model: "base", layer: "logits", steps: 512)

    /// A colour that tells which tile it is.
    private static func colour(_ place: Int) -> [UInt8] { [UInt8(place * 7 % 256), UInt8(place * 31 % 256), 200] }

    private static func thumbnail(_ place: Int, side: Int) -> RGBImage {
        RGBImage(width: side, height: side, pixels: (0..<side * side).flatMap { _ in colour(place) })
    }

    private static func block(of image: RGBImage, x: Int, y: Int, side: Int) -> [UInt8] {
        (y..<(y + side)).flatMap { row in
            let first = (row * image.width + x) * 3
            return image.pixels[first..<(first + side * 3)]
        }
    }

    @Test(
        "Each neuron's picture is where the geometry says, row by row",
        arguments: [(1, 112), (9, 112), (10, 64), (30, 16)]
    )
    func places(count: Int, side: Int) throws {
        let tiles = (0..<count).map {
            AtlasSheet.Tile(channel: $0 * 3, objective: 0.5, thumbnail: Self.thumbnail($0, side: side))
        }
        let sheet = try AtlasSheet(title: Self.title, tiles: tiles)
        let image = try decodeImage(sheet.png, limits: .standard)
        let geometry = sheet.geometry
        #expect((image.width, image.height) == (geometry.width, geometry.height))
        #expect(geometry.tile == side && geometry.columns == [1: 1, 9: 3, 10: 4, 30: 6][count])
        for place in 0..<count {
            #expect(geometry.places[place * 3] == place)
            let x = geometry.originX + place % geometry.columns * geometry.pitchX
            let y = geometry.originY + place / geometry.columns * geometry.pitchY
            #expect(Self.block(of: image, x: x, y: y, side: side) == Self.thumbnail(place, side: side).pixels)
            let caption = (0..<side).filter { column in
                (side + 3..<side + 18).contains { image.pixels[((y + $0) * image.width + x + column) * 3] < 128 }
            }
            #expect(!caption.isEmpty, "there is a caption below it")
        }
        let titled = image.pixels[(10 * image.width * 3)..<(40 * image.width * 3)].contains { $0 < 64 }
        #expect(titled, "there is a title above")
    }

    @Test(
        "A picture that is missing is an empty tile with its reason, and has no place",
        arguments: [
            "failed", "not there yet", String(repeating: "endless", count: 500),
            "a\nb\0\u{7}" + String(repeating: "c ", count: 900), "",
        ]
    )
    func missing(reason: String) throws {
        let tiles = [
            AtlasSheet.Tile(channel: 0, objective: 1, thumbnail: Self.thumbnail(0, side: 112)),
            AtlasSheet.Tile(channel: 1, objective: nil, thumbnail: nil, reason: reason),
            AtlasSheet.Tile(channel: nil, objective: .nan, thumbnail: Self.thumbnail(2, side: 112)),
        ]
        let sheet = try AtlasSheet(title: Self.title, tiles: tiles)
        #expect(sheet.geometry.places == [0: 0, nil: 2])
        let image = try decodeImage(sheet.png, limits: .standard)
        let (x, y) = sheet.geometry.corner(of: 1)
        let block = Self.block(of: image, x: x, y: y, side: 112)
        let dark = (0..<112 * 112).filter { block[$0 * 3] < 160 }
        #expect(dark.isEmpty == reason.isEmpty, "the reason is written inside")
        #expect(dark.allSatisfy { $0 % 112 < 109 }, "and within the tile")
        // What stands in a tile must not run into the next.
        let right = (y..<(y + 112)).contains { row in
            (113..<119).contains { image.pixels[(row * image.width + x + $0) * 3] < 250 }
        }
        #expect(!right)
    }

    @Test(
        "Neither side is longer than 16,384 pixels: a sheet gets wider where it would be too high",
        arguments: [4096, 13_689, 15_000]
    )
    func bounds(count: Int) throws {
        let tiles = (0..<count).map { AtlasSheet.Tile(channel: $0, objective: nil, thumbnail: nil) }
        let geometry = try AtlasSheetGeometry(tiles: tiles)
        #expect(geometry.width <= 16_384 && geometry.height <= 16_384)
        #expect(geometry.columns >= Int(Double(count).squareRoot().rounded(.up)))
        #expect(geometry.corner(of: count - 1).y + geometry.pitchY <= geometry.height)
        #expect(geometry.corner(of: geometry.columns - 1).x + geometry.tile <= geometry.width)
    }

    @Test("Nothing, and more than fits, is refused", arguments: [0, 20_000])
    func refused(count: Int) {
        let tiles = (0..<count).map { AtlasSheet.Tile(channel: $0, objective: nil, thumbnail: nil) }
        #expect(throws: DrawingError.self) { try AtlasSheetGeometry(tiles: tiles) }
    }

    @Test("The same tiles give the same bytes")
    func sameness() throws {
        let tiles = (0..<5).map { AtlasSheet.Tile(channel: $0, objective: 2, thumbnail: Self.thumbnail($0, side: 32)) }
        #expect(try AtlasSheet(title: Self.title, tiles: tiles).png == AtlasSheet(title: Self.title, tiles: tiles).png)
    }

    @Test(
        "An objective has three significant digits",
        arguments: [
            (0.0, "0"), (1, "1.00"), (12.345, "12.3"), (999.9, "1000"), (-0.98765, "-0.988"), (0.0123456, "0.0123"),
            (123_456, "123456"), (0.9996, "1.00"), (9.996, "10.0"), (0.00001234, "1.23e-05"), (12_345_678, "1.23e+07"),
        ] as [(Double, String)]
    )
    func captions(number: Double, expected: String) {
        #expect(significantForPeople(number) == expected)
    }
}
