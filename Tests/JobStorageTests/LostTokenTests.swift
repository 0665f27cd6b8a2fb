// SPDX-License-Identifier: MIT

import JobStorage
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

/// Tokens that nobody can find any more, and jobs that are wanted again.
@Suite(.timeLimit(.minutes(120)))
struct LostTokenTests {
    let temporary: TemporaryJobDirectory
    let directory: JobDirectory
    let id: CampaignID
    let stage = bucket(0, jobs: 2)

    init() throws {
        temporary = try TemporaryJobDirectory()
        directory = temporary.directory
        id = try campaign()
        let scratch = try temporary.scratch()
        let plan = try JobPlan(campaign: id, buckets: [stage])
        _ = try directory.register(plan, files: [:], scratch: scratch)
        _ = try directory.publish(stage, of: id, omitting: [], scratch: scratch)
    }

    private var job: JobSpecification { stage.jobs[0] }

    private func token() throws -> Token {
        try present(directory.tokens(in: .pending, stage.name, of: id).first { $0.name.job == job.id })
    }

    private func restore(_ directory: JobDirectory? = nil) throws -> Token? {
        try (directory ?? self.directory).restoreToken(of: job, in: stage.name, of: id, scratch: temporary.scratch())
    }

    @Test func `a job without a token is missing, and made again in a generation that it never had`() throws {
        let lost = try token()
        try LocalFileSystem().remove(directory.path(of: lost))
        #expect(try directory.scan(id).missingJobs(of: stage).map(\.id) == [job.id])
        let made = try present(restore())
        #expect(made.name.attempt == Attempt(generation: 2, number: 1, crashes: 0, failures: 0))
        #expect(try directory.specification(of: made) == job)
        #expect(try directory.scan(id).missingJobs(of: stage) == [])
    }

    @Test func `a token that turns up after it was made again is void`() throws {
        let lost = try token()
        let (hidden, place) = (temporary.folder.path.appending("hidden"), directory.path(of: lost))
        try LocalFileSystem().rename(place, to: hidden)
        let made = try present(restore())
        try LocalFileSystem().rename(hidden, to: place)
        let snapshot = try directory.scan(id)
        #expect(snapshot.tokens[job.id] == made)
        #expect(snapshot.void == [lost])
    }

    @Test func `no two coordinators make two tokens of one generation`() throws {
        try LocalFileSystem().remove(directory.path(of: token()))
        let (directory, id, stage, job) = (directory, id, stage, job)
        let scratch = try temporary.scratch()
        try onThreads(8, named: "coordinator") { _ in
            _ = try? directory.restoreToken(of: job, in: stage.name, of: id, scratch: scratch)
        }
        let tokens = try directory.tokens(in: .pending, stage.name, of: id).filter { $0.name.job == job.id }
        #expect(Set(tokens.map(\.name.attempt.generation)).count == tokens.count)
    }

    @Test(arguments: [Errno.ioError, .noSuchFileOrDirectory])
    func `a ticket whose link reported an error is recognised as one's own`(_ errno: Errno) throws {
        try LocalFileSystem().remove(directory.path(of: token()))
        let unreliable = try temporary.through(
            FaultyFileSystem.links({ _, target in
                target.string.contains(".remade-") ? .reported(errno) : nil
            })
        )
        #expect(try present(restore(unreliable)).name.attempt.generation == 2)
    }

    @Test func `a ticket without a token costs a generation`() throws {
        try LocalFileSystem().remove(directory.path(of: token()))
        let refusing = try temporary.through(FaultyFileSystem { _, _ in .refused(.ioError) })
        #expect(throws: FileError.self) { try restore(refusing) }
        #expect(try present(restore()).name.attempt.generation == 3)
    }

    @Test func `a failed job that is retried starts with clean counts in the next generation`() throws {
        let pending = try token()
        guard let claim = try directory.claim(pending, for: worker()) else { throw Unavailable("claim") }
        let running = claim.token
        #expect(try directory.settle(running, .fail(.poison), priority: 5) == .moved)
        let failed = running.renamed(running.name.moved(to: .failed(try worker(), .poison)))
        #expect(try directory.retry(failed, priority: 5, scratch: temporary.scratch()) == .moved)
        #expect(try token().name.attempt == Attempt(generation: 2, number: 1, crashes: 0, failures: 0))
        #expect(try directory.retry(failed, priority: 5, scratch: temporary.scratch()) == .gone)
        #expect(try directory.finish(claim) == .fenced)
    }
}

/// Arrays that campaigns share.
@Suite(.timeLimit(.minutes(120)))
struct ArrayPinTests {
    let temporary: TemporaryJobDirectory
    let directory: JobDirectory
    let array: FilePath

    init() throws {
        temporary = try TemporaryJobDirectory()
        directory = temporary.directory
        array = directory.array(ContentDigest(of: "array"))
        try LocalFileSystem().makeDirectories(array.appending("c"))
        try LocalFileSystem().create(array.appending("c").appending("0"), contents: [1], durably: false)
    }

    @Test func `an array stays as long as one campaign needs it that has not ended`() throws {
        try directory.pin(array, by: campaign(1))
        try directory.pin(array, by: campaign(2))
        try directory.pin(array, by: campaign(2))
        #expect(try directory.users(of: array) == [campaign(1), campaign(2)])
        let first = try campaign(1)
        #expect(try !directory.release(array) { $0 == first })
        #expect(try directory.arrays() == [ContentDigest(of: "array")])
        #expect(try directory.release(array) { _ in true })
        #expect(try directory.arrays() == [])
        #expect(try LocalFileSystem().names(in: directory.root.appending("trash")).count == 1)
    }

    @Test func `an array that is pinned while it goes to the trash comes back`() throws {
        let (latecomer, array) = (try campaign(3), array)
        let plain = directory
        let racing = try temporary.through(
            FaultyFileSystem(fault: { source, destination in
                // The pin comes after the look at the users and before the move.
                if source == array, destination.string.contains("trash") { try? plain.pin(array, by: latecomer) }
                return nil
            })
        )
        #expect(try !racing.release(array) { $0 != latecomer })
        #expect(try directory.users(of: array) == [latecomer])
        #expect(try LocalFileSystem().isPresent(array.appending("c").appending("0")))
    }
}
