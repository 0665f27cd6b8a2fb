// SPDX-License-Identifier: MIT

import JobStorage
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

@testable import Coordination

/// A real campaign that is complete, and what can be wrong with it afterwards.
@Suite(.timeLimit(.minutes(120)))
struct VerificationTests {
    let real: RealCampaign
    let campaign: CampaignID
    var directory: JobDirectory { real.directory }

    init() throws {
        real = try RealCampaign()
        campaign = try real.submit("study")
        #expect(try real.end() == [campaign: .done])
    }

    private func verify() throws -> [QueueProblem] {
        try Verification(directory, content: NetworkCampaigns(directory)) { _, _, _ in }.problems
    }

    private func done(_ kind: String) throws -> Token {
        let plan = try directory.plan(of: campaign)
        let snapshot = try directory.scan(campaign)
        let job = try present(plan.buckets.first { $0.kind == kind }?.jobs.first)
        return try present(snapshot.tokens[job.id])
    }

    private func repair() throws -> [QueueProblem] {
        let repair = QueueRepair(directory, content: NetworkCampaigns(directory))
        for problem in try verify() { _ = try repair.repair(problem) }
        return try verify()
    }

    @Test func `nothing is wrong with a complete campaign`() throws {
        #expect(try verify() == [])
    }

    @Test func `a job without a token is found, and is claimable after a repair`() throws {
        let token = try done("gram")
        try LocalFileSystem().remove(directory.path(of: token))
        #expect(try verify().map(\.kind) == [.lostJob])
        #expect(try repair() == [])
        #expect(try directory.tokens(in: .pending, token.bucket, of: campaign).map(\.name.job) == [token.name.job])
        try real.work()
        #expect(try verify() == [])
    }

    @Test func `a result that is lost is found, and made again after a repair`() throws {
        let token = try done("hsic")
        let folder = directory.root.pushing(FilePath("results/\(campaign)/\(token.bucket)"))
        for name in try LocalFileSystem().names(in: folder) { try LocalFileSystem().remove(folder.appending(name)) }
        #expect(try verify().map(\.kind) == [.lostResult])
        #expect(try repair() == [])
        try real.work()
        #expect(try verify() == [])
    }

    @Test func `activations that are lost are found, and made again after a repair`() throws {
        let shard = try present(real.shards("activations", of: campaign).first)
        let array = try present(directory.array(holding: shard))
        let lost = [shard, array.appending("zarr.json"), array.appending("images.json")]
        let contents = try lost.map { try LocalFileSystem().contents(of: $0, limit: 1 << 26) }
        for file in lost { try LocalFileSystem().remove(file) }
        let found = try verify()
        #expect(found.map(\.kind) == [.lostFile, .lostFile, .lostFile])
        #expect(Set(found.compactMap(\.path?.lastComponent?.string)).contains("zarr.json"))
        #expect(try repair() == [])
        try real.work()
        #expect(try verify() == [])
        #expect(try lost.map { try LocalFileSystem().contents(of: $0, limit: 1 << 26) } == contents)
    }

    @Test func `what a report does not name may be lost`() throws {
        try LocalFileSystem().remove(present(real.shards("gram", of: campaign).first))
        #expect(try verify() == [])
    }

    @Test func `activations that were pruned are not lost, also while another campaign makes them anew`() throws {
        let shard = try present(real.shards("activations", of: campaign).first)
        let pruning = try Pruning(directory, olderThan: .zero, seenFrom: .current())
        try pruning.run(isDryRun: false) { _ in }
        #expect(try !LocalFileSystem().isPresent(shard))
        #expect(try verify() == [])
        _ = try real.submit("again")
        #expect(try verify() == [])
        try LocalFileSystem().makeDirectories(shard.removingLastComponent())
        #expect(try verify() == [])
    }

    @Test func `damaged activations are found, and made again after a repair`() throws {
        let shard = try present(real.shards("activations", of: campaign).first)
        let bytes = try LocalFileSystem().contents(of: shard, limit: 1 << 26)
        try real.flip(shard)
        let found = try verify()
        #expect(found.map(\.kind) == [.damagedFile])
        let outcome = try QueueRepair(directory, content: NetworkCampaigns(directory)).repair(present(found.first))
        #expect(outcome?.standing == .begun)
        try real.work()
        #expect(try verify() == [])
        #expect(try LocalFileSystem().contents(of: shard, limit: 1 << 26) == bytes)
    }

    @Test func `a job that is given back after the merge is found, and goes on after a repair`() throws {
        let shard = try present(real.shards("activations", of: campaign).first)
        try LocalFileSystem().remove(shard)
        #expect(try repair() == [])
        let token = try present(directory.scan(campaign).tokens.values.first { $0.name.folder == .pending })
        let worker = try present(done("gram").name.worker)
        let returned = token.name.moved(to: .returned(worker, ReturnCode.handedBack.reason))
        #expect(try directory.move(token, to: returned, tries: 1) == .moved)
        #expect(try verify().map(\.kind) == [.strandedJob])
        #expect(try repair() == [])
        try real.work()
        #expect(try verify() == [])
        #expect(try LocalFileSystem().isPresent(shard))
    }

    @Test func `a damaged array that no report names is moved away, and a later campaign makes it again`() throws {
        let shard = try present(real.shards("gram", of: campaign).first)
        try real.flip(shard)
        let found = try verify()
        #expect(found.map(\.kind) == [.damagedFile])
        let outcome = try QueueRepair(directory, content: NetworkCampaigns(directory)).repair(present(found.first))
        #expect(outcome?.standing == .movedAway)
        #expect(try verify() == [])
        #expect(try !LocalFileSystem().isPresent(shard))
        let second = try real.submit("again")
        #expect(try real.end()[second] == .done)
        #expect(try real.numbers(of: second) == real.numbers(of: campaign))
    }

    @Test func `a cached file that was changed is found, and a new submission replaces it`() throws {
        let folder = directory.root.pushing(FilePath("cache/weights"))
        let file = folder.appending(try present(LocalFileSystem().names(in: folder).min()))
        try LocalFileSystem().overwrite(file, contents: [1, 2, 3])
        #expect(try verify().map(\.kind) == [.damagedFile])
        #expect(try repair() == [])
        #expect(try !LocalFileSystem().isPresent(file))
    }

    @Test func `two live tokens, void ones, strangers and unreadable records are each called by their name`() throws {
        let token = try done("gram")
        let record = try LocalFileSystem().contents(of: directory.path(of: token), limit: 1 << 20)
        let attempts = [
            Attempt(generation: 1, number: 2, crashes: 0, failures: 0),
            Attempt(generation: 2, number: 1, crashes: 0, failures: 0),
        ]
        func place(_ attempt: Attempt, _ contents: [UInt8]) throws -> Token {
            let name = TokenName(job: token.name.job, attempt: attempt, standing: .pending(priority: 5))
            let placed = token.renamed(name)
            try LocalFileSystem().create(directory.path(of: placed), contents: contents, durably: false)
            return placed
        }
        let second = try place(attempts[0], record)
        #expect(try verify().map(\.kind) == [.repeatedJob])
        try LocalFileSystem().remove(directory.path(of: second))
        _ = try place(attempts[1], Array("{}".utf8))
        let link = directory.root.pushing(FilePath("pending/\(campaign)/00000/link"))
        try LocalFileSystem().create(link, contents: [], durably: false)
        #expect(try Set(verify().map(\.kind)) == [.voidToken, .brokenToken, .stranger])
        #expect(try repair().map(\.kind).filter { $0 != .stranger && $0 != .voidToken } == [])
        #expect(try repair().map(\.kind) == [.stranger])
    }

    @Test func `what links in the job directory lead to is neither looked at nor moved`() throws {
        let outside = real.directory.root.removingLastComponent().appending("outside")
        let digest = String(repeating: "0", count: 64)
        let file = outside.appending(digest)
        try LocalFileSystem().makeDirectory(outside)
        try LocalFileSystem().create(file, contents: Array("precious".utf8), durably: false)
        let arrays = directory.root.appending("arrays")
        let array = arrays.appending(try present(LocalFileSystem().names(in: arrays).min()))
        try makeSymbolicLink(at: arrays.appending(digest), to: outside)
        try makeSymbolicLink(at: array.appending("9"), to: outside)
        #expect(try verify().contains { $0.kind == .stranger && $0.path?.lastComponent?.string == digest })
        _ = try repair()
        #expect(try LocalFileSystem().names(in: outside) == [digest])

        let weights = directory.root.appending("cache").appending("weights")
        try LocalFileSystem().removeTree(weights)
        try makeSymbolicLink(at: weights, to: outside)
        #expect(throws: FileError.self) { try verify() }
        #expect(try LocalFileSystem().names(in: outside) == [digest])
    }

    @Test func `pruning leaves in the trash what came there lately`() throws {
        let file = directory.root.appending("trash").appending("weights")
        try LocalFileSystem().create(file, contents: [1], durably: false)
        let day = try Pruning(directory, olderThan: .seconds(86_400), seenFrom: .current())
        try day.run(isDryRun: false) { Issue.record("\($0) is gone") }
        #expect(try LocalFileSystem().isPresent(file))
        try Pruning(directory, olderThan: .zero, seenFrom: .current()).run(isDryRun: false) { _ in }
        #expect(try !LocalFileSystem().isPresent(file))
    }

    @Test func `pruning removes what only ended campaigns needed, and a later campaign makes it again`() throws {
        let pruning = try Pruning(directory, olderThan: .zero, seenFrom: .current())
        var planned: [Pruning.Item] = []
        try pruning.run(isDryRun: true) { planned.append($0) }
        let arrays = try directory.arrays()
        #expect(planned.count { $0.kind == .array } == arrays.count)
        let open = try real.submit("open")
        var gone: [Pruning.Item] = []
        try pruning.run(isDryRun: false) { gone.append($0) }
        #expect(try directory.arrays().isEmpty == false, "what the open campaign needs stays")
        #expect(try gone.count { $0.kind == .array } == arrays.count - directory.arrays().count)
        #expect(try real.end()[open] == .done)
        try pruning.run(isDryRun: false) { _ in }
        #expect(try directory.arrays() == [])
        #expect(try LocalFileSystem().names(in: directory.root.appending("trash")) == [])
        let late = try real.submit("late")
        #expect(try real.end()[late] == .done)
        #expect(try real.numbers(of: late) == real.numbers(of: campaign))
    }
}
