// SPDX-License-Identifier: MIT

import ImageCoding
import SystemSupport
import Testing

/// A file as users have them, and what OpenCV reads from it.
private struct FieldGolden: Decodable {
    let shape: [Int]
    let digest: String

    enum CodingKeys: String, CodingKey {
        case shape
        case digest = "rgb_sha256"
    }
}

/// A way to write the same picture: as OpenCV writes it at quality 85, and jpegtran its scans and arithmetic codes anew.
enum Coding: String, CaseIterable {
    case baseline
    case restarts
    case progressive
    case scans = "scan-for-each-component"

    func bytes() throws -> [UInt8] { try resource("\(rawValue).jpg") }
}

/// Which faults of JPEG files leave all pixels, and which do not.
@Suite(.timeLimit(.minutes(120)))
struct JPEGTests {
    private static let end: [UInt8] = [0xFF, 0xD9]
    /// What OpenCV reads from each of the codings.
    private static let picture = "83x61 7875d2bc"
    private static let lossy = ["j-cut-last-200.jpg", "j-progressive-cut-before-last-scan+eoi.jpg"]

    @Test func `files from the field give OpenCV's pixels, or are refused where pixels are lost`() throws {
        let goldens = try #require(decoded([String: FieldGolden].self, "field/images.json"))
        #expect(goldens.count == 17)
        for (name, golden) in goldens {
            let bytes = try resource("field/\(name)")
            if Self.lossy.contains(name) {
                let error = #expect(throws: ImageError.self) { try decodeImage(bytes, limits: .standard) }
                #expect("\(error as Any)".contains("pixels are lost"), "\(name)")
                continue
            }
            let image = try decodeImage(bytes, limits: .standard)
            #expect([image.height, image.width, 3] == golden.shape, "\(name)")
            #expect(ContentDigest(of: image.pixels).hexadecimal == golden.digest, "\(name)")
        }
    }

    @Test(
        arguments: [
            ("j-extraneous-before-eoi.jpg", "extraneous bytes before marker 0xd9"),
            ("j-missing-eoi.jpg", "Premature end"),
            ("j-missing-eoi-1.jpg", "Premature end"), ("j-progressive-missing-eoi.jpg", "Premature end"),
            ("j-garbage-between-segments.jpg", "extraneous bytes before marker"),
            ("j-rst-extraneous-byte.jpg", "1 extraneous bytes before marker 0xd"),
            ("j-adobe2-no-jfif.jpg", "Unknown Adobe color transform code 2"), ("j-exif1-then-exif6.jpg", nil),
        ] as [(String, String?)]
    )
    func `what is wrong with a file whose pixels are all there is said`(name: String, remark: String?) throws {
        let found = try ImageDecoder(limits: .standard).examine(resource("field/\(name)")).remark
        if let remark {
            #expect(found?.contains(remark) == true, "\(found ?? "nothing")")
        } else {
            #expect(found == nil)
        }
    }

    @Test(arguments: Coding.allCases)
    func `all codings give the same picture, without a remark`(coding: Coding) throws {
        let decoded = try ImageDecoder(limits: .standard).examine(coding.bytes())
        #expect(summary(decoded.image).hasPrefix(Self.picture) && decoded.remark == nil)
    }

    @Test(arguments: Coding.allCases, [[], end])
    func `a file that is cut gives the whole picture or none, with an end marker and without`(
        coding: Coding,
        ending: [UInt8]
    ) throws {
        let bytes = try coding.bytes()
        let decoder = try ImageDecoder(limits: .standard)
        let whole = try decoder.decode(bytes)
        var taken = 0
        for count in 4..<(bytes.count - 2) {
            guard let image = try? decoder.decode(Array(bytes.prefix(count)) + ending) else { continue }
            let isWhole = image == whole
            #expect(isWhole, "cut at \(count)")
            taken += 1
        }
        // Of the last byte of codes some bits may be filling, so that a cut there loses nothing; never more than that.
        #expect(taken <= 1)
    }

    // Codes without marks between them may stay codes when some are missing: nothing tells then.
    @Test(arguments: [Coding.restarts, .progressive])
    func `bytes that are missing from the codes are noticed`(coding: Coding) throws {
        let bytes = try coding.bytes()
        let scan = try #require(bytes.firstIndex(ofMarker: 0xDA))
        for start in stride(from: scan + 20, to: bytes.count - 400, by: 37) {
            #expect(throws: ImageError.self, "300 bytes from \(start)") {
                _ = try decodeImage(Array(bytes[..<start] + bytes[(start + 300)...]), limits: .standard)
            }
        }
    }

    @Test(arguments: [Coding.baseline, .restarts, .progressive, .scans])
    func `codes that do not exist are a loss`(coding: Coding) throws {
        var bytes = try coding.bytes()
        let middle = bytes.count / 2
        // No code is made of ones alone.
        bytes.replaceSubrange(middle..<(middle + 40), with: (0..<20).flatMap { _ in [0xFF, 0] as [UInt8] })
        let error = #expect(throws: ImageError.self) { try decodeImage(bytes, limits: .standard) }
        #expect("\(error as Any)".contains("pixels are lost"))
    }

    @Test func `restart markers out of turn are a loss`() throws {
        let bytes = try Coding.restarts.bytes()
        let first = try #require(bytes.firstIndex(ofMarker: 0xD1))
        let second = try #require(bytes.firstIndex(ofMarker: 0xD2))
        let error = #expect(throws: ImageError.self) {
            try decodeImage(Array(bytes[..<first] + bytes[second...]), limits: .standard)
        }
        #expect("\(error as Any)".contains("pixels are lost"))
    }

    @Test(arguments: [Coding.baseline, .restarts])
    func `a file whose end was never written is refused, though zeros are codes as well`(coding: Coding) throws {
        let bytes = try coding.bytes()
        for kept in [bytes.count / 2, bytes.count * 3 / 4, bytes.count - 200] {
            for filling in [64, 500, 5000, 1 << 20] {
                #expect(throws: ImageError.self, "\(kept) bytes and \(filling) zeros") {
                    try decodeImage(bytes.prefix(kept) + [UInt8](repeating: 0, count: filling), limits: .standard)
                }
            }
        }
    }

    @Test(arguments: Coding.allCases)
    func `zeros or another file behind the end marker do not matter`(coding: Coding) throws {
        let bytes = try coding.bytes()
        for more in [[UInt8](repeating: 0, count: 4096), bytes, [0xFF], [0xFF, 0xD8]] {
            #expect(try summary(decodeImage(bytes + more, limits: .standard)).hasPrefix(Self.picture))
        }
    }

    @Test(
        arguments: [
            (.restarts, 1004, 5), (.restarts, 868, 0), (.restarts, 1518, 0), (.progressive, 1897, 0),
            (.progressive, 795, 6), (.scans, 2809, 6), (.scans, 2357, 5),
        ] as [(Coding, Int, Int)]
    )
    func `a changed bit that leaves codes before a marker is a loss`(coding: Coding, place: Int, bit: Int) throws {
        var bytes = try coding.bytes()
        bytes[place] ^= 1 << bit
        let error = #expect(throws: ImageError.self) { try decodeImage(bytes, limits: .standard) }
        let message = "\(error as Any)"
        #expect(message.contains("pixels are lost") && message.contains("extraneous bytes before marker"))
    }

    @Test(arguments: [(.restarts, 0xD3), (.scans, 0xDA), (.scans, 0xC4), (.progressive, 0xC4)] as [(Coding, UInt8)])
    func `filling that an encoder leaves after the last code is no loss, and more may be one`(
        coding: Coding,
        marker: UInt8
    ) throws {
        let bytes = try coding.bytes()
        let scan = try #require(bytes.firstIndex(ofMarker: 0xDA)) + 2
        let place = scan + (try #require(Array(bytes[scan...]).firstIndex(ofMarker: marker)))
        for filling in [[], [0xFF], [0x2A], [0xFF, 0], [UInt8](repeating: 0xFF, count: 9)] as [[UInt8]] {
            let image = try decodeImage(bytes[..<place] + filling + bytes[place...], limits: .standard)
            #expect(summary(image).hasPrefix(Self.picture), "\(filling)")
        }
        let many = bytes[..<place] + [UInt8](repeating: 0x2A, count: 20) + bytes[place...]
        let error = #expect(throws: ImageError.self) { try decodeImage(Array(many), limits: .standard) }
        #expect("\(error as Any)".contains("pixels are lost"))
    }

    @Test(arguments: Coding.allCases)
    func `bytes between the segments before the scans do not matter`(coding: Coding) throws {
        let bytes = try coding.bytes()
        let place = try #require(bytes.firstIndex(ofMarker: 0xDB))
        let more = bytes[..<place] + [UInt8](repeating: 0x2A, count: 200) + bytes[place...]
        let decoded = try ImageDecoder(limits: .standard).examine(Array(more))
        #expect(summary(decoded.image).hasPrefix(Self.picture))
        #expect(decoded.remark?.contains("200 extraneous bytes") == true)
    }

    @Test func `a progressive picture without all bits is refused as cut or so encoded`() throws {
        let bytes = try resource("field/j-progressive-cut-before-last-scan+eoi.jpg")
        let error = #expect(throws: ImageError.self) { try decodeImage(bytes, limits: .standard) }
        #expect("\(error as Any)".contains("the file is cut, or its encoder left them out; re-encode it"))
    }

    @Test func `a component that never comes is a loss`() throws {
        let bytes = try Coding.scans.bytes()
        let last = try #require(bytes.indices.last { bytes[$0...].starts(with: [0xFF, 0xDA]) })
        let error = #expect(throws: ImageError.self) {
            try decodeImage(bytes.prefix(last) + Self.end, limits: .standard)
        }
        #expect("\(error as Any)".contains("its encoder left them out; re-encode it"))
    }

    @Test(
        arguments: [
            ("RIFF....WEBPVP8 ", "a WebP picture"), ("\0\0\0 ftypavif", "an AVIF picture"), ("", "empty"),
            ("\0\0\0\0", "filled with zeros"), ("<!DOCTYPE html><html>", "a page of HTML"), ("MM\0*", "a TIFF picture"),
            ("version https://git-lfs.github.com/spec/v1", "git lfs pull"), ("what", "a text"),
            ("{}", "a JSON text"), ("\u{1}\u{2}", nil),
        ] as [(String, String?)]
    )
    func `other files that are called like images are called by their names`(text: String, words: String?) throws {
        let error = #expect(throws: ImageError.self) { try decodeImage(Array(text.utf8), limits: .standard) }
        let message = try #require(error).description
        #expect(message.hasPrefix("the file is ") && message.hasSuffix("neither a JPEG nor a PNG picture"))
        if let words { #expect(message.contains(words), "\(message)") }
    }

    @Test func `arithmetic codes are read`() throws {
        #expect(try summary(decodeImage(resource("arithmetic.jpg"), limits: .standard)).hasPrefix(Self.picture))
    }

    @Test func `scans without end are refused`() throws {
        let bytes = try Coding.progressive.bytes()
        let scans = bytes.indices.filter { bytes[$0...].starts(with: [0xFF, 0xDA]) }
        let (first, second) = (try #require(scans.first), try #require(scans.dropFirst().first))
        let scan = bytes[first..<second]
        let many = bytes[..<second] + (0..<600).flatMap { _ in scan } + bytes[second...]
        let error = #expect(throws: ImageError.self) { try decodeImage(Array(many), limits: .standard) }
        #expect("\(error as Any)".contains("more than 500 scans"))
    }
}

extension [UInt8] {
    fileprivate func firstIndex(ofMarker marker: UInt8) -> Int? {
        indices.first { self[$0...].starts(with: [0xFF, marker]) }
    }
}
