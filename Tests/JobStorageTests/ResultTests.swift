// SPDX-License-Identifier: MIT

import JobStorage
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

@Suite(.timeLimit(.minutes(120)))
struct ResultTests {
    let temporary: TemporaryJobDirectory
    let directory: JobDirectory
    let id: CampaignID
    let result = JobResult(payload: Array("{\"sum\":\n3}".utf8), inputs: ["weights": ContentDigest(of: "w")])

    init() throws {
        temporary = try TemporaryJobDirectory()
        directory = temporary.directory
        id = try campaign()
        let scratch = try temporary.scratch()
        _ = try directory.publish(bucket(0, jobs: 2), of: id, omitting: [], scratch: scratch)
    }

    private func storeFirst() throws -> (Token, FilePath) {
        let bucket = BucketName(number: 0)
        let pending = try present(directory.tokens(in: .pending, bucket, of: id).first)
        guard let claim = try directory.claim(pending, for: worker()) else { throw Unavailable("claim") }
        try directory.store(result, versions: ["engine": "1"], of: claim)
        let folder = directory.root.appending("results").appending("\(id)").appending("\(bucket)")
        let name = try present(directory.fileSystem.names(in: folder).first)
        let token = claim.token
        #expect(try directory.finish(claim) == .accepted)
        return (token.renamed(token.name.moved(to: .done(try worker()))), folder.appending(name))
    }

    @Test func `a result is read back with what is known of its making`() throws {
        let (token, file) = try storeFirst()
        let stored = try directory.result(of: token)
        #expect(stored.result == result)
        #expect(stored.versions == ["engine": "1"])
        #expect(stored.payloadDigest == ContentDigest(of: result.payload))
        let name = try present(file.lastComponent?.string)
        #expect(name == "\(token.name.job).g1.a1.\(try worker())")
    }

    @Test func `a result cut short at any byte is refused`() throws {
        let (token, file) = try storeFirst()
        let bytes = try directory.fileSystem.contents(of: file, limit: 1 << 20)
        for length in bytes.indices {
            try directory.fileSystem.remove(file)
            try directory.fileSystem.create(file, contents: Array(bytes[..<length]), durably: false)
            #expect(throws: ResultError.truncated) { try directory.result(of: token) }
        }
    }

    @Test func `a result with any byte changed is refused`() throws {
        let (token, file) = try storeFirst()
        let bytes = try directory.fileSystem.contents(of: file, limit: 1 << 20)
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            try directory.fileSystem.remove(file)
            try directory.fileSystem.create(file, contents: changed, durably: false)
            #expect(throws: ResultError.self) { try directory.result(of: token) }
        }
    }

    @Test func `a result under another attempt's name is refused`() throws {
        let (token, file) = try storeFirst()
        let next = TokenName(
            job: token.name.job,
            attempt: token.name.attempt.next(crashes: 1, failures: 0),
            standing: token.name.standing
        )
        let other = file.removingLastComponent().appending("\(token.name.job).g1.a2.\(try worker())")
        try directory.fileSystem.rename(file, to: other)
        #expect(throws: ResultError.misplaced) { try directory.result(of: token.renamed(next)) }
    }

    @Test func `a missing result is unreadable, not a crash`() throws {
        let (token, file) = try storeFirst()
        try directory.fileSystem.remove(file)
        #expect(throws: ResultError.unreadable(FileError("read", file, .noSuchFileOrDirectory))) {
            try directory.result(of: token)
        }
    }

    @Test func `a shard that is there already stays, whoever comes later`() throws {
        let scratch = try temporary.scratch()
        let shard = directory.root.appending("arrays").appending("abc").appending("c").appending("0")
        for (text, isOurs) in [("first", true), ("second", false)] {
            let file = scratch.appending(text)
            try directory.fileSystem.create(file, contents: Array(text.utf8), durably: true)
            #expect(try directory.linkShard(from: file, to: shard) == isOurs)
        }
        #expect(try directory.fileSystem.contents(of: shard, limit: 100) == Array("first".utf8))
        #expect(try directory.fileSystem.names(in: scratch) == [])
    }

    @Test func `a heartbeat is read back, and one seen half new is not`() throws {
        let (token, _) = try storeFirst()
        let name = try worker()
        let held = Heartbeat.Held(token, progress: Progress(fraction: 1.5, text: "layer 3"))
        let beat = Heartbeat(worker: name, sequence: 3, state: .working, held: [held])
        try directory.beat(Heartbeat(worker: name, sequence: 2, state: .idle, held: []))
        try directory.beat(beat)
        #expect(directory.heartbeat(of: name) == beat)
        #expect(beat.lists(token))
        #expect(held.progress.fraction == 1)
        let file = directory.root.appending("heartbeats").appending("\(name)")
        var bytes = try directory.fileSystem.contents(of: file, limit: 1 << 20)
        bytes[20] ^= 1
        try directory.fileSystem.overwrite(file, contents: bytes)
        #expect(directory.heartbeat(of: name) == nil)
    }
}
