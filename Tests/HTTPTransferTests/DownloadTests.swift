// SPDX-License-Identifier: MIT

import HTTPTransfer
import SystemPackage
import SystemSupport
import Testing
import WebServers

@Suite("A file that is downloaded", .timeLimit(.minutes(120)))
struct DownloadTests {
    private let bytes = noise(300_000, seed: 1)

    @Test("It comes whole from a real server, with its digest, plainly and by TLS")
    func real() throws {
        let authority = try TestAuthority()
        let server = try Nginx(authority)
        try LocalFileSystem().overwrite(server.folder.below("file"), contents: bytes)
        var policy = TransferPolicy.quick
        policy.authorityFile = authority.certificate
        for address in [server.address("file"), server.secureAddress("file"), server.address("old/file")] {
            let bench = try Bench()
            let seen = Monitor(TransferProgress(byteCount: 0, total: nil))
            let download = try bench.fetch(address, policy) { progress in seen.withLock { $0 = progress } }
            #expect(download == Download(digest: ContentDigest(of: bytes), byteCount: bytes.count))
            #expect(try bench.content() == bytes)
            #expect(seen.withLock { $0 } == TransferProgress(byteCount: bytes.count, total: bytes.count))
            #expect(try LocalFileSystem().names(in: bench.place.path) == ["file"])
        }
    }

    @Test("It goes on after every break, at whatever byte, without fetching a byte twice", arguments: 1...6)
    func breaks(round: Int) throws {
        let bytes = bytes
        var random = SystemRandomNumberGenerator()
        let cuts = (0..<5).map { _ in Int.random(in: 0..<50_000, using: &random) }
        let server = try RawServer { request in
            let cut = cuts.indices.contains(request.number) ? cuts[request.number] : .max
            var answer = sound(request, bytes, cutAfter: cut)
            answer.resets = round.isMultiple(of: 2)
            return answer
        }
        let bench = try Bench()
        try bench.fetch(server.address("/file"))
        #expect(try bench.content() == bytes, "cuts \(cuts)")
        if !round.isMultiple(of: 2) {
            // A reset may take with it what was sent just before.
            #expect(server.requests.dropFirst().map(\.start) == cuts.indices.map { cuts[...$0].reduce(0, +) })
        }
    }

    @Test("A later process goes on with the draft of an earlier one")
    func resumed() throws {
        let bytes = bytes
        let server = try RawServer { request in sound(request, bytes, cutAfter: request.number == 0 ? 1000 : .max) }
        let bench = try Bench()
        var once = TransferPolicy.quick
        once.attempts = 1
        #expect(failure { () throws(TransferError) in try bench.fetch(server.address("/file"), once) } != nil)
        #expect(try bench.content() == nil)
        try bench.fetch(server.address("/file"))
        #expect(try bench.content() == bytes)
        #expect(server.requests.map(\.start) == [0, 1000])
    }

    @Test("A file that changes between two attempts is never mixed with its earlier state", arguments: [true, false])
    func changed(byCondition: Bool) throws {
        let (old, new) = (bytes, noise(280_000, seed: 2))
        let server = try RawServer { request in
            if request.number == 0 { return sound(request, old, cutAfter: 50_000) }
            // One that ignores the condition sends the new file's rest.
            return sound(byCondition ? request : request.ignoring("if-range"), new, tag: "\"b\"")
        }
        let bench = try Bench()
        try bench.fetch(server.address("/file"))
        #expect(try bench.content() == new)
    }

    @Test("A server that ignores ranges sends the whole again, and that is taken")
    func ignoredRanges() throws {
        let bytes = bytes
        let server = try RawServer { request in
            sound(request.ignoring("range"), bytes, cutAfter: request.number == 0 ? 50_000 : .max)
        }
        let bench = try Bench()
        try bench.fetch(server.address("/file"))
        #expect(try bench.content() == bytes)
    }

    @Test("A server that falls silent counts as broken")
    func stalled() throws {
        let bytes = bytes
        let server = try RawServer { request in
            var answer = sound(request, bytes, cutAfter: request.number == 0 ? 10_000 : .max)
            answer.stalls = request.number == 0
            return answer
        }
        let bench = try Bench()
        try bench.fetch(server.address("/file"))
        #expect(try bench.content() == bytes)
    }

    @Test("A server in trouble is asked again, when it says where it does", arguments: [408, 429, 500, 502, 503, 504])
    func trouble(status: Int) throws {
        let says = status == 503
        let bytes = bytes
        let server = try RawServer { request in
            if request.number > 0 { return sound(request, bytes) }
            let wish = says ? "\nRetry-After: 1" : ""
            let head = "HTTP/1.1 \(status) Trouble\(wish)\nContent-Length: 5\nConnection: close"
            return RawServer.Answer(head, Array("sorry".utf8))
        }
        let bench = try Bench()
        let start = BootClock().now
        try bench.fetch(server.address("/file"))
        if says { #expect(start.duration(to: BootClock().now) >= .seconds(1)) }
        #expect(try bench.content() == bytes)
    }

    @Test("A server that says no is asked once", arguments: [400, 401, 403, 404, 410, 501])
    func refusal(status: Int) throws {
        let server = try RawServer { _ in
            RawServer.Answer("HTTP/1.1 \(status) No\nContent-Length: 4\nConnection: close", Array("page".utf8))
        }
        let bench = try Bench()
        let error = failure { () throws(TransferError) in try bench.fetch(server.address("/file")) }
        guard case .refused(_, status, nil) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(server.requests.count == 1)
        #expect(try bench.content() == nil)
    }

    @Test("It is given up after so many attempts that bring nothing")
    func givenUp() throws {
        let server = try RawServer { _ in RawServer.Answer("HTTP/1.1 500 No\nContent-Length: 0\nConnection: close") }
        var policy = TransferPolicy.quick
        policy.attempts = 3
        let bench = try Bench()
        let error = failure { () throws(TransferError) in try bench.fetch(server.address("/file"), policy) }
        guard case .gaveUp(3, .refused(_, 500, _)) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(server.requests.count == 3)
    }

    @Test("A host that nobody knows is asked for again too, by the same client, which stays of use")
    func unknownHost() throws {
        var policy = TransferPolicy.quick
        policy.attempts = 3
        let client = WebClient(policy)
        // No name server needs to be asked: a part of a name has at most 63 bytes.
        let nowhere = try WebAddress("http://\(String(repeating: "a", count: 64)).invalid/file")
        let error = failure { () throws(TransferError) in _ = try client.contents(of: nowhere, limit: 10) }
        guard case .gaveUp(3, .unknownHost) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        let server = try RawServer { _ in
            RawServer.Answer("HTTP/1.1 200 OK\nContent-Length: 4\nConnection: close", Array("file".utf8))
        }
        #expect(try client.contents(of: WebAddress(server.address("/file")), limit: 10) == Array("file".utf8))
    }

    @Test("Who waits for an answer is told of a host that nobody knows after a second look, by its name")
    func mistypedHost() throws {
        let nowhere = try WebAddress("http://\(String(repeating: "a", count: 64)).invalid/file")
        let client = WebClient(.quick.asking())
        let error = failure { () throws(TransferError) in _ = try client.contents(of: nowhere, limit: 10) }
        guard case .gaveUp(2, .unknownHost(nowhere)) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.isBadInput == true && error.map { "\($0)".contains("there is no host \(nowhere.host)") } == true)
    }

    @Test("Nothing is taken of which nobody knows whether it is whole")
    func unknownLength() throws {
        let server = try RawServer { _ in RawServer.Answer("HTTP/1.1 200 OK\nConnection: close", Array("part".utf8)) }
        let bench = try Bench()
        let error = failure { () throws(TransferError) in try bench.fetch(server.address("/file")) }
        guard case .unknownLength = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        try bench.fetch(server.address("/file"), expecting: ContentDigest(of: "part"))
        #expect(try bench.content() == Array("part".utf8))
    }

    @Test("More than the limit is refused, announced or not", arguments: [true, false])
    func limit(announced: Bool) throws {
        let bytes = bytes
        let server = try RawServer { request in
            announced
                ? sound(request, bytes)
                : RawServer.Answer("HTTP/1.1 200 OK\nTransfer-Encoding: chunked", Array("ffff\r\n".utf8) + bytes)
        }
        let bench = try Bench()
        let error = failure { () throws(TransferError) in try bench.fetch(server.address("/file"), limit: 1000) }
        guard case .tooLarge(_, 1000) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try bench.content() == nil)
    }

    @Test("Another digest than expected is refused, and the file gets no name")
    func wrongDigest() throws {
        let bytes = bytes
        let server = try RawServer { sound($0, bytes) }
        let bench = try Bench()
        let expected = ContentDigest(of: "something else")
        let address = server.address("/file")
        let error = failure { () throws(TransferError) in try bench.fetch(address, expecting: expected) }
        guard case .wrongDigest(_, expected, ContentDigest(of: bytes)) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try bench.content() == nil)
    }
}
