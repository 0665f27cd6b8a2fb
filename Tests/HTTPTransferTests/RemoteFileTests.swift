// SPDX-License-Identifier: MIT

import HTTPTransfer
import SystemPackage
import SystemSupport
import Testing
import WebServers

@Suite("Parts of a file on a server", .timeLimit(.minutes(120)))
struct RemoteFileTests {
    private let bytes = noise(200_000, seed: 3)

    @Test("Many parts come at once and in order from a real server")
    func parts() throws {
        let server = try Nginx(nil)
        try LocalFileSystem().overwrite(server.folder.below("file"), contents: bytes)
        let file = RemoteFile(try WebAddress(server.address("file")), by: WebClient(.quick))
        #expect(try file.readLast(1000) == Array(bytes.suffix(1000)))
        #expect(file.byteCount == bytes.count)
        let ranges = (0..<40).map { $0 * 5000..<$0 * 5000 + 1 + $0 * 100 }
        #expect(try file.read(ranges, inFlight: 4) == ranges.map { Array(bytes[$0]) })
        #expect(try file.read(7..<7) == [])
    }

    @Test("A part goes on after a break")
    func breaks() throws {
        let bytes = bytes
        let server = try RawServer { sound($0, bytes, cutAfter: $0.number < 3 ? 10_000 : .max) }
        let file = RemoteFile(try WebAddress(server.address("/file")), by: WebClient(.quick))
        #expect(try file.read(100..<150_000) == Array(bytes[100..<150_000]))
        #expect(server.requests.map(\.start) == [100, 10_100, 20_100, 30_100])
    }

    @Test("A server that sends no parts is no place for one")
    func whole() throws {
        let bytes = bytes
        let server = try RawServer { request in
            sound(request.ignoring("range"), bytes)
        }
        let file = RemoteFile(try WebAddress(server.address("/file")), by: WebClient(.quick))
        #expect(throws: TransferError.ignoresRanges(file.address)) { try file.read(0..<10) }
    }

    @Test("Parts of two states of a file are never mixed")
    func changed() throws {
        let (old, new) = (bytes, noise(200_000, seed: 4))
        let server = try RawServer { $0.number == 0 ? sound($0, old) : sound($0, new, tag: "\"b\"") }
        let file = RemoteFile(try WebAddress(server.address("/file")), by: WebClient(.quick))
        #expect(try file.read(0..<10) == Array(old[..<10]))
        #expect(throws: TransferError.self) { try file.read(10..<20) }
    }

    @Test("A part beyond the file's end is an error that says so")
    func beyond() throws {
        let server = try Nginx(nil)
        try LocalFileSystem().overwrite(server.folder.below("file"), contents: bytes)
        let file = RemoteFile(try WebAddress(server.address("file")), by: WebClient(.quick))
        let error = failure { () throws(TransferError) in _ = try file.read(199_990..<200_010) }
        #expect(error.map { "\($0)" }?.contains("200000") == true)
    }

    @Test("The size is known from any first byte, also of servers that know no other ranges")
    func measures() throws {
        let bytes = bytes
        let server = try RawServer { request in
            // As some clouds have it: the last bytes, by their number, are no range.
            let isSuffix = request.fields["range"]?.hasPrefix("bytes=-") == true
            return sound(isSuffix ? request.ignoring("range") : request, bytes)
        }
        let file = RemoteFile(try WebAddress(server.address("/file")), by: WebClient(.quick))
        #expect(try file.readLast(1000) == Array(bytes.suffix(1000)))
        #expect(try file.measure() == bytes.count)
        #expect(server.requests.map { $0.fields["range"] } == ["bytes=0-0", "bytes=199000-199999"])
    }

    @Test("A server that does not tell the size beside a part tells it of the whole")
    func sizeUntold() throws {
        let bytes = bytes
        let server = try RawServer { request in
            guard request.fields["range"] != nil else { return sound(request, bytes) }
            let (start, end) = (request.start, min(request.end ?? bytes.count, bytes.count))
            let head = "HTTP/1.1 206 Part\nContent-Length: \(end - start)\nConnection: close"
            return RawServer.Answer("\(head)\nContent-Range: bytes \(start)-\(end - 1)/*", bytes[start..<end])
        }
        let file = RemoteFile(try WebAddress(server.address("/file")), by: WebClient(.quick))
        #expect(try file.read(10..<20) == Array(bytes[10..<20]))
        #expect(try file.readLast(7) == Array(bytes.suffix(7)))
        #expect(file.byteCount == bytes.count)
    }

    @Test("A file of no bytes has no first one, and a size")
    func empty() throws {
        let server = try Nginx(nil)
        try LocalFileSystem().overwrite(server.folder.below("file"), contents: [])
        let file = RemoteFile(try WebAddress(server.address("file")), by: WebClient(.quick))
        #expect(try file.measure() == 0)
        #expect(try file.readLast(10) == [])
    }

    @Test("The whole file is an answer where all of it was asked for, and nowhere else")
    func wholeIsPart() throws {
        let bytes = Array(bytes.prefix(100))
        let server = try RawServer { sound($0.ignoring("range"), bytes) }
        let file = RemoteFile(try WebAddress(server.address("/file")), by: WebClient(.quick))
        #expect(try file.read(0..<100) == bytes)
        for range in [0..<99, 1..<100, 0..<101] {
            #expect(throws: TransferError.ignoresRanges(file.address)) { try file.read(range) }
        }
    }
}
