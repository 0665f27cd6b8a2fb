// SPDX-License-Identifier: MIT

import HTTPTransfer
import SystemPackage
import SystemSupport
import TensorStorage
import TestSupport
import Testing
import WebServers

@Suite("Rows of arrays of any program", .timeLimit(.minutes(120)))
struct RowSourceTests {
    private let files = LocalFileSystem()

    /// Rows of an array of so many, in an order that is none.
    private static func rows(of count: Int) -> [Int] { (0..<count).map { ($0 * 5 + 2) % count }.filter { $0 != 1 } }

    private static func expected(_ values: [Float], _ rows: [Int], width: Int) -> [Float] {
        rows.flatMap { values[$0 * width..<($0 + 1) * width] }
    }

    @Test("Any rows in any order, from Zarr and from NumPy, on disk and by HTTP", arguments: Layout.all)
    func anyRows(layout: Layout) throws {
        let server = try Nginx(nil)
        try writeArray(layout.values.span, layout.metadata(), to: server.folder.appending("array"))
        let plain = NumPyFile.encode(layout.values.span, shape: layout.shape)
        try files.create(server.folder.appending("array.npy"), contents: plain, durably: false)
        let client = WebClient(.standard)
        let places: [RowSource.Place] = [
            .path(server.folder.appending("array")), .path(server.folder.appending("array.npy")),
            .address(try WebAddress(server.address("array")), client),
            .address(try WebAddress(server.address("array.npy")), client),
        ]
        for place in places {
            let source = try RowSource(place)
            #expect(source.shape == layout.shape && source.width == layout.shape.dropFirst().reduce(1, *))
            let rows = Self.rows(of: layout.shape[0])
            let expected = Self.expected(layout.values, rows, width: source.width)
            #expect(try source.read(rows, threads: 2, memory: 1 << 30) == expected, "\(place)")
        }
    }

    @Test("Rows in single precision have one digest, whatever their format")
    func digests() throws {
        let values = activations(6)
        #expect(RowSource.digest(of: values.span) == RowSource.digest(of: values.map { Float(Double($0)) }.span))
        #expect(RowSource.digest(of: values.span) != RowSource.digest(of: values.reversed().span))
    }

    @Test("Chunks that are not stored are the fill value and counted, or an error where there is none")
    func missingChunks() async throws {
        try await withTemporaryDirectory { directory in
            let layout = Layout.all[1]
            let array = directory.appending("array")
            try writeArray(layout.values.span, layout.metadata(), to: array)
            try files.remove(array.pushing("c/3/0/0/0"))
            #expect(throws: ShardError.self) { try RowSource(.path(array)).read([3], threads: 1, memory: 1 << 30) }
            let description = array.appending("zarr.json")
            let text = String(decoding: try files.contents(of: description, limit: 1 << 20), as: UTF8.self)
            try files.overwrite(
                description,
                contents: Array(text.replacing("\"fill_value\": \"NaN\"", with: "\"fill_value\": 2").utf8)
            )
            let source = try RowSource(.path(array))
            let row = try source.read([3], threads: 1, memory: 1 << 30)
            #expect(row.prefix(24).allSatisfy { $0 == 2 } && source.filledChunks == 1)
            #expect(Array(row.dropFirst(24)) == Array(layout.values[3 * 60 + 24..<4 * 60]))
        }
    }

    @Test("Arrays without rows, or with rows of nothing, are refused", arguments: [[], [3, 0]])
    func noRows(shape: [Int]) async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending("x.npy")
            let values = [Float](repeating: 0, count: shape.reduce(1, *))
            try files.create(path, contents: NumPyFile.encode(values.span, shape: shape), durably: false)
            #expect(throws: TensorFileError.self) { try RowSource(.path(path)) }
        }
    }

    @Test("A small array of huge chunks is refused before memory is taken for them")
    func hugeChunks() async throws {
        try await withTemporaryDirectory { directory in
            let array = directory.appending("array")
            try writeArray(activations(12).span, metadata([3, 4], shard: nil, chunk: [3, 4]), to: array)
            let description = array.appending("zarr.json")
            let text = String(decoding: try files.contents(of: description, limit: 1 << 20), as: UTF8.self)
            let huge = text.replacing("\"chunk_shape\": [3, 4]", with: "\"chunk_shape\": [65536, 4096]")
            try #require(huge != text)
            try files.overwrite(description, contents: Array(huge.utf8))
            let error = #expect(throws: TensorFileError.self) { try RowSource(.path(array)) }
            #expect(error?.description.contains("write it anew with chunks of up to") == true)
        }
    }

    @Test("A truncated file and a pipe are errors, and nobody waits")
    func unreadable() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending("x.npy")
            let bytes = NumPyFile.encode(activations(100).span, shape: [10, 10])
            for cut in [0, 5, 9, 60, bytes.count - 1] {
                if try files.isPresent(path) { try files.remove(path) }
                try files.create(path, contents: Array(bytes.prefix(cut)), durably: false)
                #expect(throws: TensorFileError.self) { try RowSource(.path(path)) }
            }
            try files.remove(path)
            try runTool("mkfifo", [path.string])
            #expect(throws: FileError.self) { try RowSource(.path(path)) }
        }
    }

    @Test("Small files beside an array are found where they are, from disk and by HTTP")
    func companions() throws {
        let server = try Nginx(nil)
        let values = activations(4)
        try files.create(
            server.folder.appending("x.npy"),
            contents: NumPyFile.encode(values.span, shape: [2, 2]),
            durably: false
        )
        let client = WebClient(.standard)
        let places: [RowSource.Place] = [
            .path(server.folder.appending("x.npy")), .address(try WebAddress(server.address("x.npy")), client),
        ]
        for place in places {
            let source = try RowSource(place)
            #expect(try source.companion("images.json", limit: 100) == nil)
        }
        try files.create(server.folder.appending("images.json"), contents: [91, 93], durably: false)
        for place in places {
            let source = try RowSource(place)
            #expect(try source.companion("images.json", limit: 100) == [91, 93])
        }
    }

    @Test("The content tells the format, whatever the name says")
    func formats() throws {
        let server = try Nginx(nil)
        let layout = Layout.all[0]
        let plain = NumPyFile.encode(layout.values.span, shape: layout.shape)
        for name in ["plain", "plain.npy", "plain.zarr"] {
            try files.create(server.folder.appending(name), contents: plain, durably: false)
        }
        for name in ["folder", "folder.npy", "folder.zarr"] {
            try writeArray(layout.values.span, layout.metadata(), to: server.folder.appending(name))
        }
        let client = WebClient(.standard)
        for name in ["plain", "plain.npy", "plain.zarr", "folder", "folder.npy", "folder.zarr"] {
            let places: [RowSource.Place] = [
                .path(server.folder.appending(name)), .address(try WebAddress(server.address(name)), client),
            ]
            for place in places {
                let read = try RowSource(place).read([0], threads: 1, memory: 1 << 30)
                #expect(read == Array(layout.values.prefix(60)), "\(place)")
            }
        }
    }

    @Test(
        "A file of another kind is called by its name, with what to do",
        arguments: [
            (
                "x.npz", [0x50, 0x4B, 3, 4] + [UInt8](repeating: 0, count: 22) + [5, 0, 0, 0] + Array("a.npy".utf8),
                ".npz"
            ),
            (
                "x.zarr.zip",
                [0x50, 0x4B, 3, 4] + [UInt8](repeating: 0, count: 22) + [9, 0, 0, 0] + Array("zarr.json".utf8),
                ".zarr.zip"
            ),
            ("x.csv", Array("1.5,2\n3,4\n".utf8), "text"), ("x.npy", Array("<!doctype html>".utf8), "HTML"),
            ("x.h5", [0x89, 0x48, 0x44, 0x46, 13, 10], "HDF5"), ("x.npy", [], "empty"),
        ] as [(String, [UInt8], String)]
    )
    func otherKinds(name: String, bytes: [UInt8], words: String) throws {
        let server = try Nginx(nil)
        try files.create(server.folder.appending(name), contents: bytes, durably: false)
        let error = try #require(throws: TensorFileError.self) { try RowSource(.path(server.folder.appending(name))) }
        #expect(error.description.contains(words) && error.description.contains("numpy.save("), "\(error)")
        #expect(!error.description.contains("damaged"))
        let address = try WebAddress(server.address(name))
        #expect(throws: (any Error).self) { try RowSource(.address(address, WebClient(.standard))) }
    }

    @Test("What follows after an array is passed over, and said")
    func trailingBytes() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending("x.npy")
            let bytes = NumPyFile.encode(activations(6).span, shape: [3, 2]) + [1, 2, 3]
            try files.create(path, contents: bytes, durably: false)
            let source = try RowSource(.path(path))
            #expect(try source.read([2], threads: 1, memory: 1 << 30) == Array(activations(6).suffix(2)))
            #expect(source.remarks.count == 1 && source.remarks.first?.contains("3 bytes follow") == true)
        }
    }

    @Test(
        "However a server says that there is no small file, there is none",
        arguments: ["400 Bad Request", "401 Unauthorized", "403 Forbidden", "404 Not Found", "410 Gone", "200 OK"]
    )
    func absentCompanions(status: String) throws {
        let values = activations(4)
        let array = NumPyFile.encode(values.span, shape: [2, 2])
        let server = try RawServer { request in
            guard request.path.hasPrefix("/x.npy") else {
                let page = Array("<!DOCTYPE html><title>\(status)</title>".utf8)
                return RawServer.Answer("HTTP/1.1 \(status)\nContent-Length: \(page.count)\nConnection: close", page)
            }
            let (start, end) = (request.start, min(request.end ?? array.count, array.count))
            let range = "Content-Range: bytes \(start)-\(end - 1)/\(array.count)"
            return RawServer.Answer(
                "HTTP/1.1 206 Part\nConnection: close\nContent-Length: \(end - start)\n\(range)",
                array[start..<end]
            )
        }
        let source = try RowSource(.address(WebAddress(server.address("/x.npy?key=1")), WebClient(.standard)))
        var refusal: String?
        #expect(try source.companion("images.json", limit: 1000) { refusal = $0 } == nil)
        // What may mean something else is told.
        #expect((refusal == nil) == ["404 Not Found", "410 Gone"].contains(status))
        #expect(server.requests.last?.path == "/images.json?key=1")
    }
}
