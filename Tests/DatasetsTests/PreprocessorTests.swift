// SPDX-License-Identifier: MIT

import Datasets
import ImageCoding
import SystemSupport
import Testing

@Suite("Preprocessing", .timeLimit(.minutes(120)))
struct PreprocessorTests {
    @Test("All 64 reference images are there")
    func imagesAreThere() {
        #expect(Golden.all.count == 64)
    }

    @Test("An image is decoded to the reference's pixels", arguments: Golden.all)
    func decodes(golden: Golden) throws {
        let image = try decodeImage(golden.bytes(), limits: .standard)
        #expect([image.height, image.width, 3] == golden.decodedSize)
        #expect(ContentDigest(of: image.pixels).hexadecimal == golden.decoded)
    }

    @Test("An image becomes the reference's input, bit for bit", arguments: Golden.all)
    func preprocesses(golden: Golden) throws {
        var preprocessor = try Preprocessor(limits: .standard)
        var input = [Float](repeating: .nan, count: Preprocessor.elementCount)
        var span = input.mutableSpan
        try preprocessor.preprocess(golden.bytes(), into: &span)
        #expect(digest(of: input).hexadecimal == golden.preprocessed)
    }

    @Test("The middle of a resized image is the reference's", arguments: Golden.all)
    func crops(golden: Golden) throws {
        let image = try decodeImage(golden.bytes(), limits: .standard).resizedBilinear(width: 256, height: 256)
        var cropped: [UInt8] = []
        for row in 16..<240 { cropped += image.pixels[(row * 768 + 48)..<(row * 768 + 720)] }
        #expect(ContentDigest(of: cropped).hexadecimal == golden.cropped)
    }

    @Test("One preprocessor gives the same input whatever it met before")
    func keepsNothingOfEarlierImages() throws {
        var preprocessor = try Preprocessor(limits: .standard)
        var input = [Float](repeating: 0, count: Preprocessor.elementCount)
        for golden in Golden.all.prefix(20) + Golden.all.prefix(20).reversed() {
            var span = input.mutableSpan
            try preprocessor.preprocess(golden.bytes(), into: &span)
            #expect(digest(of: input).hexadecimal == golden.preprocessed)
        }
    }

    @Test("A truncated JPEG is refused, wherever its pixels end", arguments: Golden.all)
    func refusesTruncation(golden: Golden) throws {
        let bytes = try golden.bytes()
        let limits = ImageLimits.standard
        let cuts = Array(0..<min(200, bytes.count)) + stride(from: 200, to: bytes.count, by: bytes.count / 12 + 1)
        for cut in cuts {
            #expect(throws: ImageError.self, "cut at \(cut)") {
                try decodeImage(Array(bytes.prefix(cut)), limits: limits)
            }
        }
        let whole = try decodeImage(bytes, limits: limits)
        #expect(try decodeImage(bytes.dropLast(2), limits: limits) == whole, "the end marker alone loses no pixel")
    }

    @Test("Flipped bits never trap", arguments: Golden.all.prefix(24))
    func survivesFlippedBits(golden: Golden) throws {
        let bytes = try golden.bytes()
        for position in 0..<min(120, bytes.count) {
            var broken = bytes
            broken[position] ^= UInt8(1 << (position % 8))
            _ = try? decodeImage(broken, limits: ImageLimits(fileBytes: 1 << 20, pixels: 1_000_000))
        }
    }

    @Test("Limits are checked before memory is taken")
    func obeysLimits() throws {
        let bytes = try #require(Golden.all.first).bytes()
        #expect(throws: ImageError.fileTooLarge(bytes: bytes.count, limit: 1000)) {
            try decodeImage(bytes, limits: ImageLimits(fileBytes: 1000, pixels: 1 << 20))
        }
        #expect(throws: ImageError.tooManyPixels(width: 512, height: 512, limit: 262_143)) {
            try decodeImage(bytes, limits: ImageLimits(fileBytes: 1 << 20, pixels: 262_143))
        }
        #expect(throws: ImageError.unknownFormat(found: "a GIF picture")) {
            try decodeImage(Array("GIF89a".utf8), limits: .standard)
        }
    }
}
