// SPDX-License-Identifier: MIT

import JobStorage
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

@Suite(.timeLimit(.minutes(120)))
struct ClaimTests {
    let temporary: TemporaryJobDirectory
    let directory: JobDirectory
    let id: CampaignID

    init() throws {
        temporary = try TemporaryJobDirectory()
        directory = temporary.directory
        id = try campaign()
    }

    private func publish(_ bucket: JobPlan.Bucket, omitting: Set<JobID> = []) throws -> PublishOutcome {
        try directory.publish(bucket, of: id, omitting: omitting, scratch: temporary.scratch())
    }

    private func pending() throws -> [Token] {
        try directory.tokens(in: .pending, BucketName(number: 0), of: id)
    }

    @Test func `a bucket is published whole and once`() throws {
        let bucket = bucket(0, jobs: 20)
        #expect(try publish(bucket, omitting: [bucket.jobs[3].id]) == .published)
        #expect(try publish(bucket) == .alreadyPublished)
        #expect(Set(try pending().map(\.name.job)) == Set(bucket.jobs.map(\.id)).subtracting([bucket.jobs[3].id]))
        let published = try present(directory.published(bucket.name, of: id))
        #expect(published.kind == "sum")
        #expect(published.omitted == [bucket.jobs[3].id])
        #expect(try directory.published(BucketName(number: 1), of: id) == nil)
    }

    @Test func `while the whole job directory is away a result is not called late`() throws {
        _ = try publish(bucket(0, jobs: 1))
        guard let claim = try directory.claim(present(pending().first), for: worker()) else {
            throw Unavailable("claim")
        }
        let away = temporary.folder.path.appending("away")
        try LocalFileSystem().rename(directory.root, to: away)
        var refusal: FileError?
        do throws(FileError) { _ = try directory.finish(claim) } catch { refusal = error }
        #expect(refusal == FileError("find", directory.root, .noSuchFileOrDirectory))
        try LocalFileSystem().rename(away, to: directory.root)
        let verdict = try directory.finish(claim)
        #expect(verdict == .accepted)
    }

    @Test func `a bucket published late, after all its jobs were taken, changes nothing`() throws {
        let bucket = bucket(0, jobs: 3)
        let draftedByAnother = FaultyFileSystem { source, destination in
            // The other coordinator publishes between this one's look and its rename.
            guard source.string.contains("scratch"), destination.string.contains("pending") else { return nil }
            _ = try? self.publish(bucket)
            for token in (try? self.pending()) ?? [] { try? self.claimAndFinish(token) }
            return nil
        }
        let late = try temporary.through(draftedByAnother)
        #expect(
            try late.publish(bucket, of: id, omitting: [], scratch: temporary.scratch()) == .alreadyPublished
        )
        #expect(try pending() == [])
    }

    private func claimAndFinish(_ token: Token) throws {
        guard let claim = try directory.claim(token, for: worker()) else { throw Unavailable("claim") }
        #expect(try directory.finish(claim) == .accepted)
    }

    @Test func `eight threads claim each of a thousand jobs exactly once`() throws {
        _ = try publish(bucket(0, jobs: 1000))
        let claimed = Monitor<[JobID]>([])
        try onThreads(8, named: "claim") { number in
            let worker = try worker(UInt64(number))
            for token in try pending().shuffled() {
                guard let claim = try directory.claim(token, for: worker) else { continue }
                let job = claim.token.name.job
                claimed.withLock { $0.append(job) }
                #expect(try directory.finish(claim) == .accepted)
            }
        }
        let jobs = claimed.withLock { $0 }
        #expect(jobs.count == 1000)
        #expect(Set(jobs).count == 1000)
        #expect(try directory.tokens(in: .done, BucketName(number: 0), of: id).count == 1000)
    }

    @Test(arguments: [Errno.ioError, .noSuchFileOrDirectory, .timedOut, .staleNFSFileHandle])
    func `a claim that happened although an error was reported is ours`(errno: Errno) throws {
        _ = try publish(bucket(0, jobs: 1))
        let lossy = try temporary.through(FaultyFileSystem { _, _ in .reported(errno) })
        let token = try present(pending().first)
        guard let claim = try lossy.claim(token, for: worker()) else {
            Issue.record("the claim was not recognised")
            return
        }
        #expect(try lossy.specification(of: claim).id == token.name.job)
        #expect(try lossy.finish(claim) == .accepted)
    }

    @Test func `a claim that did not happen is lost, and one that cannot happen here is an error`() throws {
        _ = try publish(bucket(0, jobs: 1))
        let token = try present(pending().first)
        let broken = try temporary.through(FaultyFileSystem { _, _ in .refused(.ioError) })
        let isLost = try broken.claim(token, for: worker()) == nil
        #expect(isLost)
        let full = try temporary.through(FaultyFileSystem { _, _ in .refused(.noSpace) })
        #expect(throws: FileError.self) { _ = try full.claim(token, for: worker()) == nil }
        #expect(try pending() == [token])
    }

    /// A client that remembers that a name was not there must not take its own claim for another's.
    @Test func `a claim that happened late is recognised although its name was looked for before`() throws {
        _ = try publish(bucket(0, jobs: 1))
        let token = try present(pending().first)
        let client = RememberingFileSystem()
        let worker = try worker()
        var hasDoubts = false
        let broken = try temporary.through(FaultyFileSystem(on: client) { _, _ in .refused(.ioError) })
        let isLost = try broken.claim(token, for: worker, hasDoubts: &hasDoubts) == nil
        #expect(isLost && hasDoubts)
        // It happens after all, by the server alone.
        let claimed = token.renamed(token.name.moved(to: .running(worker)))
        try LocalFileSystem().rename(directory.path(of: token), to: directory.path(of: claimed))
        let remembering = try temporary.through(client)
        let isOurs = try remembering.claim(token, for: worker, hasDoubts: &hasDoubts) != nil
        #expect(isOurs)
    }

    @Test func `a claim that another was quicker with costs one look, as long as nothing was in doubt`() throws {
        _ = try publish(bucket(0, jobs: 1))
        let token = try present(pending().first)
        guard let claim = try directory.claim(token, for: worker()) else { throw Unavailable("claim") }
        _ = claim
        let counting = CountingFileSystem()
        let late = try temporary.through(counting)
        _ = counting.callsSince()
        let isLost = try late.claim(token, for: worker(2)) == nil
        #expect(isLost)
        #expect(counting.callsSince() == 2, "a rename, and a look at its destination")
    }

    @Test func `a finish after the attempt was taken away is refused`() throws {
        _ = try publish(bucket(0, jobs: 1))
        guard let claim = try directory.claim(present(pending().first), for: worker()) else {
            throw Unavailable("claim")
        }
        let next = claim.token.name.attempt.next(crashes: 1, failures: 0)
        #expect(try directory.settle(claim.token, .requeue(next), priority: 5) == .moved)
        #expect(try directory.finish(claim) == .fenced)
        let token = try present(pending().first)
        #expect(token.name.attempt == Attempt(generation: 1, number: 2, crashes: 1, failures: 0))
    }

    @Test func `a finish is accepted where the coordinator had already found the result`() throws {
        _ = try publish(bucket(0, jobs: 1))
        guard let claim = try directory.claim(present(pending().first), for: worker()) else {
            throw Unavailable("claim")
        }
        #expect(try directory.settle(claim.token, .complete, priority: 5) == .moved)
        #expect(try directory.finish(claim) == .accepted)
    }

    @Test func `a job is given back with its code in the name`() throws {
        _ = try publish(bucket(0, jobs: 1))
        guard let claim = try directory.claim(present(pending().first), for: worker()) else {
            throw Unavailable("claim")
        }
        #expect(try directory.giveBack(claim, code: .failed("bad image")) == .accepted)
        let token = try present(directory.tokens(in: .returned, BucketName(number: 0), of: id).first)
        #expect(token.name.reason == Reason("f-bad-image"))
    }

    // MARK: What a job's file may hold

    private func errorAfterReplacing(_ change: ([UInt8]) -> [UInt8]) throws -> JobRecordError? {
        _ = try publish(bucket(0, jobs: 1))
        let token = try present(pending().first)
        let file = directory.path(of: token)
        let bytes = try directory.fileSystem.contents(of: file, limit: 1 << 20)
        try directory.fileSystem.overwrite(file, contents: change(bytes))
        do throws(JobRecordError) {
            _ = try directory.specification(of: token)
            return nil
        } catch {
            return error
        }
    }

    @Test func `a job file that was changed is refused`() throws {
        #expect(
            try errorAfterReplacing { bytes in
                Array(String(decoding: bytes, as: UTF8.self).replacing(#"\"n\":0"#, with: #"\"n\":1"#).utf8)
            } == .wrongDigest
        )
    }

    @Test func `a job file of another campaign is refused`() throws {
        let other = "\(try campaign(2))"
        let own = "\(id)"
        #expect(
            try errorAfterReplacing { bytes in
                Array(String(decoding: bytes, as: UTF8.self).replacing(own, with: other).utf8)
            } == .misplaced
        )
    }

    @Test func `a torn job file is refused`() throws {
        #expect(try errorAfterReplacing { Array($0.dropLast(5)) } == .malformed)
    }

    @Test func `an oversized job file is refused unread`() throws {
        let error = try errorAfterReplacing { $0 + [UInt8](repeating: 32, count: 1 << 20) }
        guard case .unreadable(let refusal) = error else {
            Issue.record("accepted, or refused for another reason: \(String(describing: error))")
            return
        }
        #expect(refusal.errno == .fileTooLarge)
    }

    @Test func `a link in place of a job file is refused`() throws {
        _ = try publish(bucket(0, jobs: 1))
        let token = try present(pending().first)
        let file = directory.path(of: token)
        let elsewhere = temporary.folder.path.appending("elsewhere")
        try directory.fileSystem.rename(file, to: elsewhere)
        try makeSymbolicLink(at: file, to: elsewhere)
        #expect(throws: JobRecordError.unreadable(FileError("read", file, .tooManySymbolicLinkLevels))) {
            try directory.specification(of: token)
        }
    }
}
