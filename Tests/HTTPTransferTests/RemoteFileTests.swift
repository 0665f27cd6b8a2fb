// SPDX-License-Identifier: MIT

import HTTPTransfer
import SystemPackage
import SystemSupport
import Testing
import WebServers

@Suite("Parts of a file on a server")
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
}
