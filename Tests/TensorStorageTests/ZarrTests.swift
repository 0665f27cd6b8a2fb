// SPDX-License-Identifier: MIT

import SystemPackage
import SystemSupport
import TestSupport
import Testing

@testable import TensorStorage

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

@Suite("Zarr arrays", .timeLimit(.minutes(120)))
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
            #expect(throws: FileError("write", path, .fileExists)) {
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

    /// The metadata of an array of doubles, with one member changed or added.
    private func changed(_ member: String, _ value: String, type: ElementType = .float32) throws -> ArrayMetadata {
        var members = try #require(JSONValue(parsing: Layout.all[1].metadata(type: type).encoded)?.object)
        members[member] = JSONValue(parsing: Array(value.utf8))
        return try ArrayMetadata(parsing: Array(JSONValue.object(members).text.utf8))
    }

    @Test(
        "The number of chunks that are not stored is read as it is written; where it is none, they must be there",
        arguments: [
            (#""0x7fc00000""#, .float32, nil), (#""0x40490fdb""#, .float32, 0x1.921fb6p1),
            (#""0x3ff8000000000000""#, .float64, 1.5), (#""0xc000""#, .float16, -2), (#""NaN""#, .float32, nil),
            (#""-Infinity""#, .float32, nil), ("2.5", .float32, 2.5), ("7", .int16, 7), ("null", .float32, nil),
        ] as [(String, ElementType, Float?)]
    )
    func fillValues(text: String, type: ElementType, number: Float?) throws {
        #expect(try changed("fill_value", text, type: type).fillValue == number)
    }

    @Test(
        "A fill value that is no number of the type is refused",
        arguments: [#""0x7fc0""#, #""0x+fc00000""#, #""zero""#, #"[0]"#, #""0x""#]
    )
    func refusesFillValues(text: String) throws {
        let error = try #require(throws: TensorFileError.self) { try changed("fill_value", text) }
        #expect(error.description.contains("fill_value"))
    }

    @Test(
        "What changes an array's meaning is refused by its name",
        arguments: [
            ("storage_transformers", #"[{"name": "cipher"}]"#, "cipher"),
            ("storage_transformers", #"{"name": "cipher"}"#, "storage_transformers"), ("offset", "3", "offset"),
            ("scaling", #"{"factor": 2}"#, "scaling"), ("scaling", #"{"must_understand": true}"#, "scaling"),
        ]
    )
    func refusesMembers(member: String, value: String, word: String) throws {
        let error = try #require(throws: TensorFileError.self) { try changed(member, value) }
        #expect(error.description.contains("\"\(word)\"") && error.description.contains("write it anew"), "\(error)")
    }

    @Test(
        "What says that it may be passed over is",
        arguments: [
            ("notes", #"{"must_understand": false, "by": "me"}"#),
            ("storage_transformers", #"[{"name": "hint", "must_understand": false}]"#), ("storage_transformers", "[]"),
            ("data_type", #"{"name": "float32"}"#),
        ]
    )
    func passesOverMembers(member: String, value: String) throws {
        #expect(try changed(member, value) == Layout.all[1].metadata())
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
