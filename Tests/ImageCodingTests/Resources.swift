// SPDX-License-Identifier: MIT

import FoundationEssentials
import ImageCoding
import SystemPackage
import SystemSupport

/// The files beside these tests.
private let resources = FilePath(#filePath).removingLastComponent().appending("Resources")

func resource(_ name: String) throws -> [UInt8] {
    try LocalFileSystem().contents(of: resources.pushing(FilePath(name)), limit: 1 << 22)
}

/// Decodes a resource, or gives nothing where it cannot be: a test then counts too few cases.
func decoded<Value: Decodable>(_ type: Value.Type, _ name: String) -> Value? {
    try? JSONDecoder().decode(type, from: Data(resource(name)))
}

func fromHexadecimal(_ text: String) -> [UInt8] {
    let digits = Array(text.utf8).map { $0 < 58 ? $0 - 48 : $0 - 87 }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

/// A picture's size and the digest of its samples, as the files of expected pictures have them.
func summary(_ image: RGBImage) -> String {
    "\(image.width)x\(image.height) \(ContentDigest(of: image.pixels).hexadecimal)"
}
