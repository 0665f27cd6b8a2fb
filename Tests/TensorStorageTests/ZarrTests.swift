// SPDX-License-Identifier: MIT

import SystemPackage
import SystemSupport
import TensorStorage
import TestSupport
import Testing

/// A layout of an array.
struct Layout: CustomTestStringConvertible, Sendable {
    let shape: [Int]
    let shard: [Int]?
    let chunk: [Int]
    let codec: ChunkCompression

    var testDescription: String { "\(shape) \(shard.map { "\($0)" } ?? "unsharded") \(chunk) \(codec)" }

    static let all: [Layout] = ChunkCompression.allCases.flatMap { codec in
        [
            Layout(shape: [7, 5, 4, 3], shard: [4, 6, 4, 3], chunk: [1, 2, 4, 3], codec: codec),
            Layout(shape: [7, 5, 4, 3], shard: nil, chunk: [1, 2, 4, 3], codec: codec),
            Layout(shape: [4, 40], shard: [4, 40], chunk: [1, 40], codec: codec),
            Layout(shape: [9, 9], shard: [4, 4], chunk: [2, 4], codec: codec),
            Layout(shape: [11], shard: nil, chunk: [3], codec: codec),
        ]
    }

    var values: [Float] { activations(shape.reduce(1, *)) }

    func metadata(type: ElementType = .float32) throws -> ArrayMetadata {
        try TensorStorageTests.metadata(shape, shard: shard, chunk: chunk, type: type, codec: codec)
    }
}

@Suite("Zarr arrays")
struct ZarrTests {
    private let files = LocalFileSystem()

    @Test("What is written is read again", arguments: Layout.all)
    func roundTrips(layout: Layout) async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending("array")
            try writeArray(layout.values.span, layout.metadata(), to: path)
            let reader = try ZarrReader(directory: path)
            #expect(try reader.metadata == layout.metadata())
            #expect(try reader.readAll() == layout.values)
        }
    }

    @Test("Half precision is rounded once, and refused where a number is too large")
    func storesHalfPrecision() async throws {
        try await withTemporaryDirectory { directory in
            let layout = Layout.all[0]
            try writeArray(layout.values.span, layout.metadata(type: .float16), to: directory.appending("array"))
            let read = try ZarrReader(directory: directory.appending("array")).readAll()
            #expect(read == layout.values.map { Float(Float16($0)) })
        }
        var codec = try ChunkCodec(metadata([2], shard: nil, chunk: [2], type: .float16))
        var bytes: [UInt8] = []
        #expect(throws: ChunkError.overflow(70_000)) {
            try codec.encode(([1, 70_000] as [Float]).span, appendingTo: &bytes)
        }
        try codec.encode(([-.infinity, 65_504] as [Float]).span, appendingTo: &bytes)
    }

    @Test("Double precision goes through a codec unchanged", arguments: ChunkCompression.allCases)
    func storesDoublePrecision(compression: ChunkCompression) throws {
        let values = activations(100).map { Double($0) / 3 }
        var codec = try ChunkCodec(metadata([100], shard: nil, chunk: [100], type: .float64, codec: compression))
        var bytes: [UInt8] = []
        try codec.encode(values.span, appendingTo: &bytes)
        var decoded = [Double](repeating: 0, count: 100)
        var span = decoded.mutableSpan
        try codec.decode(bytes.span, into: &span)
        #expect(decoded == values)
        var singles = [Float](repeating: 0, count: 100)
        var singleSpan = singles.mutableSpan
        #expect(throws: ChunkError.wrongType(.float64)) { try codec.decode(bytes.span, into: &singleSpan) }
    }

    @Test("A writer that is given up leaves no file, and a finished one tells its digest")
    func shardWriterCleansUp() async throws {
        try await withTemporaryDirectory { directory in
            let metadata = try metadata([2, 4], shard: [2, 4], chunk: [1, 4])
            let path = directory.appending("shard")
            do {
                var writer = try ShardWriter(creating: path, for: metadata)
                try writer.append([1, 2, 3], at: [1, 0])
                #expect(try files.isPresent(path))
            }
            #expect(try !files.isPresent(path))
            var writer = try ShardWriter(creating: path, for: metadata)
            try writer.append([1, 2, 3], at: [1, 0])
            let (size, digest) = try writer.finish()
            let bytes = try files.contents(of: path, limit: 1 << 20)
            #expect(bytes.count == size && ContentDigest(of: bytes) == digest)
            var start: [UInt8] = [1, 2, 3] + [UInt8](repeating: 255, count: 16)
            start += [0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]
            #expect(Array(bytes.prefix(35)) == start)
            #expect(throws: FileError("create", path, .fileExists)) {
                _ = try ShardWriter(creating: path, for: metadata)
            }
        }
    }

    @Test("Metadata are written as the same bytes, and read again")
    func metadataRoundTrip() throws {
        for layout in Layout.all {
            let metadata = try layout.metadata()
            #expect(try ArrayMetadata(parsing: metadata.encoded) == metadata)
            #expect(try layout.metadata().encoded == metadata.encoded)
        }
    }

    @Test("Metadata that cannot be right never trap")
    func survivesBrokenMetadata() throws {
        let text = try Layout.all[0].metadata().encoded
        for position in text.indices {
            _ = try? ArrayMetadata(parsing: Array(text.prefix(position)))
            for byte in Array("9]\"".utf8) {
                var broken = text
                broken[position] = byte
                _ = try? ArrayMetadata(parsing: broken)
            }
        }
    }
}
