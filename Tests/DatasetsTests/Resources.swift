// SPDX-License-Identifier: MIT

import FoundationEssentials
import SystemPackage
import SystemSupport
import Testing

/// The files beside these tests.
let resources = FilePath(#filePath).removingLastComponent().appending("Resources")

/// What the Python reference made of an image.
struct Golden: Decodable, CustomTestStringConvertible {
    let file: String
    let decodedSize: [Int]
    let decoded: String
    let cropped: String
    let preprocessed: String

    var testDescription: String { file }

    enum CodingKeys: String, CodingKey {
        case file
        case decodedSize = "decoded_hwc"
        case decoded = "decoded_rgb_sha256"
        case cropped = "u8_256crop_sha256"
        case preprocessed = "pre_sha256"
    }

    static let all: [Golden] = {
        guard let bytes = try? LocalFileSystem().contents(of: resources.appending("digests.json"), limit: 1 << 20),
            let goldens = try? JSONDecoder().decode([Golden].self, from: Data(bytes))
        else { return [] }
        return goldens
    }()

    func bytes() throws -> [UInt8] {
        try LocalFileSystem().contents(of: resources.appending(file), limit: 1 << 20)
    }
}

/// The digest of numbers as they lie in memory.
func digest(of values: [Float]) -> ContentDigest {
    var hasher = ContentDigest.Hasher()
    unsafe values.withUnsafeBytes { unsafe hasher.update($0) }
    return hasher.finalize()
}
