// SPDX-License-Identifier: MIT

import SystemPackage
import SystemSupport
import TensorStorage
import TestSupport
import Testing

@Suite("Damaged shards", .timeLimit(.minutes(120)))
struct DamagedShardTests {
    private let files = LocalFileSystem()

    /// Writes an array of one shard, and gives its reader's directory and the shard's file and bytes.
    private func withShard(
        _ codec: ChunkCompression,
        _ body: (FilePath, FilePath, [UInt8], [Float]) throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending("array")
            let values = activations(4 * 32)
            try writeArray(values.span, metadata([4, 32], shard: [4, 32], chunk: [1, 32], codec: codec), to: path)
            let shard = path.pushing("c/0/0")
            try body(path, shard, try files.contents(of: shard, limit: 1 << 20), values)
        }
    }

    private func replace(_ shard: FilePath, with bytes: [UInt8]) throws {
        try files.remove(shard)
        try files.create(shard, contents: bytes, durably: false)
    }

    @Test("A truncated shard is refused, wherever it ends", arguments: [ChunkCompression.zstd, .shuffleZstd])
    func refusesTruncation(codec: ChunkCompression) async throws {
        try await withShard(codec) { (directory, shard, bytes, _) in
            for cut in bytes.indices {
                try replace(shard, with: Array(bytes.prefix(cut)))
                let error = #expect(throws: ShardError.self, "cut at \(cut)") {
                    try ZarrReader(directory: directory).readAll()
                }
                #expect(error?.file == shard.string)
            }
        }
    }

    @Test("A flipped bit is noticed, or changes nothing", arguments: [ChunkCompression.zstd, .shuffleZstd])
    func noticesFlippedBits(codec: ChunkCompression) async throws {
        try await withShard(codec) { (directory, shard, bytes, values) in
            for position in bytes.indices {
                var broken = bytes
                broken[position] ^= UInt8(1 << (position % 8))
                try replace(shard, with: broken)
                do {
                    // Some bits of a frame mean nothing; its checksum proves the numbers.
                    #expect(try ZarrReader(directory: directory).readAll() == values)
                } catch let error as ShardError {
                    #expect(error.file == shard.string)
                }
            }
        }
    }

    @Test("A missing chunk and a missing shard are errors, never zeros")
    func refusesMissingChunks() async throws {
        try await withTemporaryDirectory { directory in
            let metadata = try metadata([4, 2], shard: [2, 2], chunk: [1, 2])
            try files.makeDirectories(directory.appending("c").appending("0"))
            try files.create(directory.appending("zarr.json"), contents: metadata.encoded, durably: false)
            let shard = directory.pushing("c/0/0")
            var codec = try ChunkCodec(metadata)
            var bytes: [UInt8] = []
            try codec.encode(([1, 2] as [Float]).span, appendingTo: &bytes)
            var writer = try ShardWriter(creating: shard, for: metadata)
            try writer.append(bytes, at: [1, 0])
            _ = try writer.finish()
            let reader = try ZarrReader(directory: directory)
            var numbers: [Float] = [0, 0]
            var span = numbers.mutableSpan
            try reader.readChunk([1, 0], with: &codec, into: &span)
            #expect(numbers == [1, 2])
            span = numbers.mutableSpan
            let missingChunk = ShardError(file: shard, chunk: [0, 0], reason: .missingChunk)
            #expect(throws: missingChunk) { try reader.readChunk([0, 0], with: &codec, into: &span) }
            let missingFile = ShardError(file: directory.pushing("c/1/0"), chunk: nil, reason: .missingFile)
            #expect(throws: missingFile) { try reader.readChunk([2, 0], with: &codec, into: &span) }
        }
    }

    @Test("Many threads read one array, also with more shards than stay open")
    func readsFromManyThreads() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending("array")
            let values = activations(100 * 8)
            try writeArray(values.span, metadata([100, 8], shard: [2, 8], chunk: [1, 8]), to: path)
            let reader = try ZarrReader(directory: path)
            try onThreads(4, named: "read") { _ in
                for _ in 0..<3 {
                    guard try reader.readAll() == values else {
                        throw ShardError(file: path, chunk: nil, reason: .malformed("other numbers"))
                    }
                }
            }
        }
    }
}
