// SPDX-License-Identifier: MIT

import ImageCoding
import Testing

@testable import Reports

private func gray(_ values: [UInt8], width: Int) -> RGBImage {
    RGBImage(width: width, height: values.count / width, pixels: values.flatMap { [$0, $0, $0] })
}

@Suite("Thumbnails and signatures", .timeLimit(.minutes(120)))
struct PictureThumbnailTests {
    @Test("A smaller picture's pixels are the means of the areas that they cover")
    func areas() {
        let half = areaAverage(gray([0, 100, 10, 30, 200, 100, 10, 50], width: 4), width: 2, height: 1)
        #expect(half == gray([100, 25], width: 2))
        // Each of two covers one pixel and a half: (90 + 60 / 2) / 1.5 and (60 / 2 + 0) / 1.5.
        #expect(areaAverage(gray([90, 60, 0], width: 3), width: 2, height: 1) == gray([80, 20], width: 2))
        #expect(
            areaAverage(gray([10, 250], width: 2), width: 4, height: 2)
                == gray([10, 10, 250, 250, 10, 10, 250, 250], width: 4)
        )
    }

    @Test(
        "One colour stays what it is in any size",
        arguments: [(224, 112), (300, 112), (113, 112), (7, 28), (28, 28)]
    )
    func colour(from: Int, to: Int) {
        let image = RGBImage(width: from, height: from, pixels: Array([[12, 255, 99]].cycled(from * from).joined()))
        let reduced = areaAverage(image, width: to, height: to)
        #expect(reduced.pixels == Array([[12, 255, 99]].cycled(to * to).joined()))
    }

    @Test(
        "A thumbnail's longer side is at most 112 pixels, and what is smaller stays as it is",
        arguments: [(224, 224, 112, 112), (500, 250, 112, 56), (64, 64, 64, 64), (1, 2000, 1, 112), (113, 40, 112, 40)]
    )
    func sizes(width: Int, height: Int, expectedWidth: Int, expectedHeight: Int) throws {
        let image = RGBImage(width: width, height: height, pixels: [UInt8](repeating: 77, count: width * height * 3))
        let thumbnail = try PictureThumbnail(png: encodePNG(image))
        #expect((thumbnail.image.width, thumbnail.image.height) == (expectedWidth, expectedHeight))
        #expect(thumbnail == PictureThumbnail(of: image))
    }

    @Test("A damaged file is refused")
    func damaged() {
        #expect(throws: ImageError.self) { try PictureThumbnail(png: [0x89, 0x50]) }
    }

    @Test("Black differs from white by 1, a picture from itself by 0, and a tenth is a tenth, in either direction")
    func differences() {
        func signature(_ value: UInt8) -> PictureSignature {
            PictureSignature(of: gray([UInt8](repeating: value, count: 56 * 56), width: 56))
        }
        #expect(signature(0).difference(from: signature(255)) == 1)
        #expect(signature(13).difference(from: signature(13)) == 0)
        #expect(signature(0).difference(from: signature(51)) == 0.2)
        #expect(signature(51).difference(from: signature(0)) == 0.2)
    }

    @Test("Shapes count, fine texture does not")
    func texture() {
        func image(_ value: (Int, Int) -> UInt8) -> PictureSignature {
            PictureSignature(of: gray((0..<224 * 224).map { value($0 % 224, $0 / 224) }, width: 224))
        }
        let even = image { _, _ in 128 }
        let checked = image { x, y in (x + y).isMultiple(of: 2) ? 28 : 228 }
        let halves = image { x, _ in x < 112 ? 28 : 228 }
        #expect(checked.difference(from: even) < 0.01)
        #expect(halves.difference(from: even) > 0.35)
    }
}

extension Array {
    fileprivate func cycled(_ times: Int) -> [Element] { (0..<times).flatMap { _ in self } }
}
