// SPDX-License-Identifier: MIT

import ImageCoding
import Testing

/// A small PNG file and what OpenCV reads from it; `Resources/make.py` makes them.
struct PNGGolden: Decodable, CustomTestStringConvertible {
    let name: String
    let png: String
    let width: Int
    let height: Int
    let pixels: String

    var testDescription: String { name }

    static let all = decoded([PNGGolden].self, "png.json") ?? []

    func bytes() -> [UInt8] { fromHexadecimal(png) }
}

@Suite("PNG", .timeLimit(.minutes(120)))
struct PNGTests {
    @Test("All golden files are there")
    func goldensAreThere() {
        #expect(PNGGolden.all.count == 41)
    }

    @Test("A file is decoded to OpenCV's pixels", arguments: PNGGolden.all)
    func decodes(golden: PNGGolden) throws {
        let image = try decodeImage(golden.bytes(), limits: .standard)
        #expect([image.width, image.height] == [golden.width, golden.height])
        #expect(image.pixels == fromHexadecimal(golden.pixels))
    }

    @Test("A truncated file is refused, wherever it ends", arguments: PNGGolden.all)
    func refusesTruncation(golden: PNGGolden) {
        let bytes = golden.bytes()
        for cut in bytes.indices {
            #expect(throws: ImageError.self, "cut at \(cut)") {
                try decodeImage(Array(bytes.prefix(cut)), limits: .standard)
            }
        }
    }

    @Test("A flipped bit of the pixels is noticed, and none traps", arguments: PNGGolden.all)
    func survivesFlippedBits(golden: PNGGolden) {
        let limits = ImageLimits(fileBytes: 1 << 20, pixels: 100_000)
        let bytes = golden.bytes()
        for position in bytes.indices {
            var broken = bytes
            broken[position] ^= UInt8(1 << (position % 8))
            _ = try? decodeImage(broken, limits: limits)
        }
        var broken = bytes
        broken[bytes.count - 20] ^= 1
        #expect(throws: ImageError.self) { try decodeImage(broken, limits: limits) }
    }

    @Test("A header that asks for too many pixels is refused before memory is taken")
    func obeysLimits() throws {
        var bytes = try #require(PNGGolden.all.first).bytes()
        bytes.replaceSubrange(16..<24, with: [0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF])
        #expect(throws: ImageError.tooManyPixels(width: 0x7FFF_FFFF, height: 0x7FFF_FFFF, limit: 64_000_000)) {
            try decodeImage(bytes, limits: .standard)
        }
    }

    @Test("What is encoded is decoded again, and encoded to the same bytes", arguments: [(1, 1), (7, 3), (64, 129)])
    func encodes(width: Int, height: Int) throws {
        var random = SplitMix(state: 7)
        let pixels = (0..<(width * height * 3)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        let image = RGBImage(width: width, height: height, pixels: pixels)
        let bytes = try encodePNG(image)
        #expect(try decodeImage(bytes, limits: .standard) == image)
        #expect(try encodePNG(image) == bytes)
        let gray = Array(pixels.prefix(width * height))
        let decoded = try decodeImage(encodePNG(gray: gray, width: width, height: height), limits: .standard)
        #expect(decoded.pixels == gray.flatMap { [$0, $0, $0] })
    }
}

/// Repeatable random numbers.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
