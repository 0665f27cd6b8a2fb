// SPDX-License-Identifier: MIT

import HTTPTransfer
import JobStorage
import SystemPackage
import SystemSupport
import Testing
import WebServers
import WorkerRuntime

@testable import Campaigns
@testable import JobKinds

/// A job that reads its activations from a web server, and who is at fault where it cannot.
@Suite(.timeLimit(.minutes(120)))
struct ArrayAccessTests {
    private let bench: Bench
    private let payload: GramPayload
    private var array: FilePath { bench.directory.array(payload.activations) }
    private static let shard = "c/1/0"

    init() throws {
        bench = try Bench()
        payload = try GramRunnerTests().jobs(bench).payloads[1]
    }

    private static func policy(attempts: Int, longest: Duration) -> TransferPolicy {
        var policy = TransferPolicy.standard
        (policy.attempts, policy.firstDelay, policy.longestDelay) = (attempts, longest, longest)
        return policy
    }

    private func runner(_ address: String, attempts: Int = 2, longest: Duration = .milliseconds(1)) throws -> GramRunner
    {
        let client = WebClient(Self.policy(attempts: attempts, longest: longest))
        return GramRunner(arrays: .server(try WebAddress(address), by: client))
    }

    private func failure(_ address: String) throws -> JobFailure {
        try #require(#expect(throws: JobFailure.self) { try bench.run(runner(address), payload) })
    }

    /// Copies the array to where a server serves it, but for some of its files.
    private func serve(without missing: Set<String> = []) throws -> Nginx {
        let server = try Nginx(nil)
        let copy = server.folder.appending("arrays").appending(payload.activations.hexadecimal)
        for name in ["zarr.json", "c/0/0", Self.shard] where !missing.contains(name) {
            let bytes = try LocalFileSystem().contents(of: array.pushing(FilePath(name)), limit: 1 << 20)
            let file = copy.pushing(FilePath(name))
            try LocalFileSystem().makeDirectories(file.removingLastComponent())
            try LocalFileSystem().create(file, contents: bytes, durably: false)
        }
        return server
    }

    private func expectEnvironment(_ failure: JobFailure, naming address: String) {
        guard case .environment(let message) = failure else {
            Issue.record("failed as \(failure)")
            return
        }
        #expect(message.contains(address) && message.contains("--arrays-url"), "\(message)")
        #expect(!message.contains("made again"), "\(message)")
    }

    @Test(
        "A server that refuses, or knows nothing of the arrays, is the worker's own trouble",
        arguments: ["401 No", "403 No", "404 No", "410 No", "503 Later", "200 OK"]
    )
    func refusing(status: String) throws {
        let server = try RawServer { _ in
            RawServer.Answer("HTTP/1.1 \(status)\nContent-Length: 4\nConnection: close", Array("page".utf8))
        }
        expectEnvironment(try failure(server.address("/arrays")), naming: server.address("/arrays"))
    }

    @Test("So is one that cannot be reached")
    func unreachable() throws {
        let server = try serve()
        try server.stop()
        expectEnvironment(try failure(server.address("arrays")), naming: server.address("arrays"))
    }

    @Test("So is one that lacks a shard that the job directory has, or has it damaged", arguments: [true, false])
    func incomplete(isMissing: Bool) throws {
        let server = try serve(without: [Self.shard])
        let copy = server.folder.appending("arrays").appending(payload.activations.hexadecimal)
        if !isMissing {
            let file = copy.pushing(FilePath(Self.shard))
            try LocalFileSystem().makeDirectories(file.removingLastComponent())
            try LocalFileSystem().create(file, contents: Array(repeating: 7, count: 500), durably: false)
        }
        let failure = try failure(server.address("arrays"))
        expectEnvironment(failure, naming: server.address("arrays"))
        #expect("\(failure)".contains("\(payload.activations.hexadecimal)/\(Self.shard)"))
    }

    @Test("So is one that does not know the array, where this machine does not see arrays itself")
    func unmounted() throws {
        let server = try serve(without: ["zarr.json"])
        let arrays = bench.directory.root.appending("arrays")
        for name in try LocalFileSystem().names(in: arrays) { try LocalFileSystem().removeTree(arrays.appending(name)) }
        expectEnvironment(try failure(server.address("arrays")), naming: server.address("arrays"))
    }

    @Test("What the job directory lacks as well is to be made again", arguments: ["zarr.json", shard])
    func lost(name: String) throws {
        let server = try serve(without: [name])
        try LocalFileSystem().remove(array.pushing(FilePath(name)))
        let failure = try failure(server.address("arrays"))
        guard case .inputUnreadable("shard", let message) = failure else {
            Issue.record("failed as \(failure)")
            return
        }
        #expect(message.contains(name) && !message.contains("--arrays-url"), "\(message)")
    }

    @Test("A worker that is asked to stop does not wait for the server to come back")
    func stopped() throws {
        let server = try serve()
        try server.stop()
        let start = BootClock().now
        #expect(throws: HandedBack.self) {
            try bench.run(
                runner(server.address("arrays"), attempts: 100, longest: .seconds(120)),
                payload,
                isStopping: { start.duration(to: BootClock().now) > .milliseconds(300) }
            )
        }
        #expect(start.duration(to: BootClock().now) < .seconds(20))
    }
}
