// SPDX-License-Identifier: MIT

import HTTPTransfer
import SystemSupport
import Testing
import WebServers

@Suite("An answer whose head is cut", .timeLimit(.minutes(120)))
struct CutHeadTests {
    private let bytes = noise(1000, seed: 5)
    private let server: Nginx
    private let proxy: CuttingProxy
    /// After how many bytes the next connection ends; those after it do not.
    private let nextCut = Monitor<Int?>(nil)

    /// More bytes than the server's longest head has, so that the last cuts are within the body.
    private static let cuts = 0..<450

    init() throws {
        server = try Nginx(nil)
        try LocalFileSystem().overwrite(server.folder.below("file"), contents: bytes)
        proxy = try CuttingProxy(to: server.port) { [nextCut] _ in
            nextCut.withLock { cut in
                defer { cut = nil }
                return cut
            }
        }
    }

    @Test("A part of a file is asked for again, at whatever byte it was cut")
    func parts() throws {
        for cut in Self.cuts {
            nextCut.withLock { $0 = cut }
            let file = RemoteFile(try WebAddress("http://127.0.0.1:\(proxy.port)/file"), by: WebClient(.quick))
            #expect(try file.read(100..<900) == Array(bytes[100..<900]), "cut at \(cut)")
        }
        #expect(proxy.cutCount == Self.cuts.count)
    }

    @Test("A whole file too, also where the server sends elsewhere", arguments: ["file", "old/file"])
    func whole(name: String) throws {
        for cut in Self.cuts {
            nextCut.withLock { $0 = cut }
            let bench = try Bench()
            try bench.fetch("http://127.0.0.1:\(proxy.port)/\(name)")
            #expect(try bench.content() == bytes, "cut at \(cut)")
        }
        // Longer than the answer that sends elsewhere, some cuts are none.
        let fewest = name == "file" ? Self.cuts.count : Self.cuts.count / 2
        #expect(proxy.cutCount >= fewest)
    }

    @Test("An answer that was only announced is none")
    func announced() throws {
        let bytes = bytes
        let announcing = try RawServer { request in
            request.number < 3
                ? RawServer.Answer("HTTP/1.1 103 Early Hints", "HTTP/1.1 20".utf8) : sound(request, bytes)
        }
        let bench = try Bench()
        try bench.fetch(announcing.address("/file"))
        #expect(try bench.content() == bytes)
        #expect(announcing.requests.count == 4)
    }
}
