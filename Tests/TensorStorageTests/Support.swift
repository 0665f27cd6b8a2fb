// SPDX-License-Identifier: MIT

import FoundationEssentials
import SystemPackage
import SystemSupport
import TensorStorage
import Testing

/// The files beside these tests.
let resources = FilePath(#filePath).removingLastComponent().appending("Resources")

/// The bytes of one of them.
func resource(_ name: String) throws -> [UInt8] {
    try LocalFileSystem().contents(of: resources.appending(name), limit: 1 << 20)
}

/// Numbers like activations: smooth enough to compress, of both signs, with repeated zeros.
func activations(_ count: Int) -> [Float] {
    var state: UInt32 = 2_463_534_242
    return (0..<count).map { index in
        state ^= state << 13
        state ^= state >> 17
        state ^= state << 5
        return index % 5 == 0 ? 0 : Float(state >> 20) / 512 - 4
    }
}

/// An array's metadata with what matters to a test.
func metadata(
    _ shape: [Int],
    shard: [Int]?,
    chunk: [Int],
    type: ElementType = .float32,
    codec: ChunkCompression = .shuffleZstd
) throws -> ArrayMetadata {
    try ArrayMetadata(
        shape: shape,
        shardShape: shard,
        chunkShape: chunk,
        elementType: type,
        codec: codec,
        level: codec == .none ? 0 : 1,
        attributes: ["layer": .string("mixed4a_3x3"), "count": .integer(3), "list": .array([.number(0.5), .null])],
        dimensionNames: []
    )
}
