// SPDX-License-Identifier: MIT

import HTTPTransfer
import SystemSupport
import Testing
import WebServers

@Suite("A fetch that nobody wants any more", .timeLimit(.minutes(120)))
struct CancellationTests {
    private static let head = "HTTP/1.1 200 OK\nContent-Length: 100\nConnection: close"

    @Test("It ends between two attempts and while nothing arrives", arguments: [true, false])
    func ends(answers: Bool) throws {
        let server = try RawServer { _ in
            var answer = answers ? RawServer.Answer("HTTP/1.1 503 Later\nContent-Length: 0") : .init(Self.head)
            answer.stalls = !answers
            return answer
        }
        var policy = TransferPolicy.standard
        (policy.attempts, policy.firstDelay, policy.stallTimeout) = (100, .seconds(120), .seconds(120))
        let start = BootClock().now
        let client = WebClient(policy).cancelled { start.duration(to: BootClock().now) > .milliseconds(300) }
        let error = failure { () throws(TransferError) in
            _ = try client.contents(of: WebAddress(server.address("/file")), limit: 1000)
        }
        #expect(error == .cancelled)
        #expect(start.duration(to: BootClock().now) < .seconds(20))
    }

    @Test("Nothing is asked for when it is too late, and other fetches go on")
    func others() throws {
        let server = try RawServer { _ in
            RawServer.Answer("HTTP/1.1 200 OK\nContent-Length: 4\nConnection: close", Array("file".utf8))
        }
        let client = WebClient(.quick)
        let address = try WebAddress(server.address("/file"))
        let error = failure { () throws(TransferError) in
            _ = try client.cancelled { true }.contents(of: address, limit: 10)
        }
        #expect(error == .cancelled && server.requests.isEmpty)
        #expect(try client.contents(of: address, limit: 10) == Array("file".utf8))
    }
}
