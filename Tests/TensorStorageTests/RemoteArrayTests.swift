// SPDX-License-Identifier: MIT

import HTTPTransfer
import SystemPackage
import SystemSupport
import TensorStorage
import TestSupport
import Testing
import WebServers

@Suite("Zarr arrays at an address", .timeLimit(.minutes(120)))
struct RemoteArrayTests {
    private let files = LocalFileSystem()

    private var client: WebClient {
        var policy = TransferPolicy.standard
        policy.firstDelay = .milliseconds(1)
        return WebClient(policy)
    }

    @Test("What is read from a real server is what the disk has, whatever the layout")
    func roundTrips() throws {
        let server = try Nginx(nil)
        for (number, layout) in Layout.all.enumerated() {
            try writeArray(layout.values.span, layout.metadata(), to: server.folder.appending("\(number)"))
            let reader = try ZarrReader(address: WebAddress(server.address("\(number)")), by: client)
            #expect(try reader.metadata == layout.metadata())
            #expect(try reader.readAll() == layout.values, "\(layout)")
        }
    }

    @Test("Only what is read is fetched: the metadata, the shard's index, and the chunk")
    func partially() throws {
        let server = try Nginx(nil)
        let metadata = try metadata([64, 512], shard: [64, 512], chunk: [1, 512])
        try writeArray(activations(64 * 512).span, metadata, to: server.folder.appending("array"))
        let reader = try ZarrReader(address: WebAddress(server.address("array")), by: client)
        var codec = try reader.makeCodec()
        var chunk = [Float](repeating: 0, count: 512)
        var span = chunk.mutableSpan
        try reader.readChunk([5, 0], with: &codec, into: &span)
        #expect(chunk == Array(activations(64 * 512)[5 * 512..<6 * 512]))
        let fetched = try server.requests().reduce(0) { sum, line in
            guard let range = line.split(separator: "=").last, line.contains("bytes=") else { return sum }
            let ends = range.split(separator: "-").compactMap { Int($0) }
            return sum + (ends.count == 2 ? ends[1] - ends[0] + 1 : ends[0])
        }
        let size = try files.contents(of: server.folder.pushing("array/c/0/0"), limit: 1 << 24).count
        #expect(fetched < size / 8, "\(fetched) of \(size) bytes")
    }

    /// Serves a folder's files, each answer cut after some bytes for the first requests.
    private func breaking(_ folder: FilePath) throws -> RawServer {
        let files = files
        return try RawServer { request in
            let path = folder.pushing(FilePath(String(request.path.dropFirst())))
            guard let bytes = try? files.contents(of: path, limit: 1 << 24) else {
                return RawServer.Answer("HTTP/1.1 404 Not Found\nContent-Length: 0\nConnection: close")
            }
            var (start, end) = (request.start, min(request.end ?? bytes.count, bytes.count))
            if request.fields["range"]?.hasPrefix("bytes=-") == true {
                (start, end) = (bytes.count - ((request.end ?? 1) - 1), bytes.count)
            }
            let isPart = request.fields["range"] != nil
            let range = isPart ? "\nContent-Range: bytes \(start)-\(end - 1)/\(bytes.count)" : ""
            let head = "HTTP/1.1 \(isPart ? 206 : 200) OK\nConnection: close\nContent-Length: \(end - start)\(range)"
            let cut = request.number.isMultiple(of: 2) ? Int.random(in: 0...(end - start)) : end - start
            return RawServer.Answer(head, bytes[start..<end].prefix(cut))
        }
    }

    @Test("Every second answer may be cut anywhere")
    func breaks() async throws {
        try await withTemporaryDirectory { directory in
            let layout = Layout.all[0]
            try writeArray(layout.values.span, layout.metadata(), to: directory.appending("array"))
            let server = try breaking(directory)
            let reader = try ZarrReader(address: WebAddress(server.address("/array")), by: client)
            #expect(try reader.readAll() == layout.values)
        }
    }

    @Test("Damage on the way, and a file that is not there, are errors of that file")
    func damage() async throws {
        try await withTemporaryDirectory { directory in
            let layout = Layout.all[2]
            let array = directory.appending("array")
            try writeArray(layout.values.span, layout.metadata(), to: array)
            let server = try breaking(directory)
            let address = try WebAddress(server.address("/array"))
            let shard = array.pushing("c/0/0")
            var bytes = try files.contents(of: shard, limit: 1 << 20)
            bytes[10] ^= 0xFF
            try files.overwrite(shard, contents: bytes)
            #expect(throws: ShardError.self) { try ZarrReader(address: address, by: client).readAll() }
            try files.remove(shard)
            let error = #expect(throws: ShardError.self) { try ZarrReader(address: address, by: client).readAll() }
            #expect(error?.reason == .missingFile)
        }
    }
}
