// SPDX-License-Identifier: MIT

import HTTPTransfer
import SystemPackage
import SystemSupport
import Testing
import WebServers

@Suite("What a client trusts", .timeLimit(.minutes(120)))
struct TrustTests {
    @Test("A certificate by an unknown authority is refused, at once and with the remedy")
    func unknownAuthority() throws {
        let server = try Nginx(TestAuthority())
        try LocalFileSystem().overwrite(server.folder.below("file"), contents: [1])
        let bench = try Bench()
        let error = failure { () throws(TransferError) in try bench.fetch(server.secureAddress("file")) }
        guard case .untrusted = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error.map { "\($0)" }?.contains("LUCID_CA_FILE") == true)
    }

    @Test("Nobody follows from https to http")
    func downgrade() throws {
        let authority = try TestAuthority()
        let server = try Nginx(authority)
        try LocalFileSystem().overwrite(server.folder.below("file"), contents: [1])
        var policy = TransferPolicy.quick
        policy.authorityFile = authority.certificate
        let bench = try Bench()
        let error = failure { () throws(TransferError) in try bench.fetch(server.secureAddress("down/file"), policy) }
        guard case .forbiddenRedirect(_, let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.contains("http"))
    }

    @Test(
        "Redirects lead to http and https only",
        arguments: ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://x/"]
    )
    func schemes(target: String) throws {
        let server = try RawServer { _ in
            RawServer.redirect(to: target)
        }
        let bench = try Bench()
        let error = failure { () throws(TransferError) in try bench.fetch(server.address("/x")) }
        guard case .forbiddenRedirect = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(server.requests.count == 1)
    }

    @Test("Five redirects are followed, and no sixth", arguments: [5, 6])
    func redirects(count: Int) throws {
        let server = try RawServer { request in
            request.number < count
                ? RawServer.redirect(to: "/\(request.number)", status: 301)
                : sound(request, [1, 2, 3])
        }
        let bench = try Bench()
        let error = failure { () throws(TransferError) in try bench.fetch(server.address("/x")) }
        if count == 5 {
            #expect(error == nil)
        } else {
            guard case .tooManyRedirects = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
        #expect(server.requests.count == 6)
    }

    @Test("Credentials go to the host that they are for, and to no other")
    func credentials() throws {
        let other = try RawServer { sound($0, [1, 2, 3]) }
        let elsewhere = other.address("/y").replacing("http://", with: "http://eve:trap@")
        let server = try RawServer { request in
            RawServer.redirect(to: request.number == 0 ? "/again" : elsewhere)
        }
        let bench = try Bench()
        try bench.fetch(server.address("/x").replacing("http://", with: "http://ann:s3cret@"))
        // "ann:s3cret" in base64.
        let expected = Array(repeating: "Basic YW5uOnMzY3JldA==", count: 2)
        #expect(server.requests.map { $0.fields["authorization"] } == expected)
        #expect(other.requests.map { $0.fields["authorization"] } == [nil])
    }

    @Test("Only allowed hosts are asked, also where a redirect leads elsewhere")
    func allowedHosts() throws {
        let server = try RawServer { request in
            let target = "http://localhost:\(request.fields["host"]?.split(separator: ":").last ?? "")/y"
            return RawServer.redirect(to: target)
        }
        var policy = TransferPolicy.quick
        policy.allowedHosts = ["127.0.0.1"]
        let bench = try Bench()
        for address in [server.address("/x"), "http://localhost:\(server.port)/x"] {
            let error = failure { () throws(TransferError) in try bench.fetch(address, policy) }
            guard case .forbiddenHost(let place) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(place.host == "localhost")
        }
        #expect(server.requests.count == 1)
    }

    @Test("What is shown of an address holds no secrets")
    func redaction() throws {
        let address = try WebAddress("https://ann:s3cret@Example.org/a/b.zip?token=t0p#x")
        #expect("\(address)" == "https://example.org/a/b.zip?…")
        #expect("\(try address.below("c"))" == "https://example.org/a/b.zip/c?…")
    }

    @Test(
        "What is no address on the web is refused",
        arguments: [
            "", "x", "/etc/passwd", "file:///etc/passwd", "ftp://a/b", "http://", "http://a b/", "http://a/\r\nX: y",
        ]
    )
    func malformed(text: String) {
        #expect(throws: TransferError.self) { try WebAddress(text) }
    }
}
