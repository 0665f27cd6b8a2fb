// SPDX-License-Identifier: MIT

import JobStorage
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

/// What users say, and what holds then.
@Suite(.timeLimit(.minutes(120)))
struct ControlTests {
    let temporary: TemporaryJobDirectory
    let directory: JobDirectory
    let id: CampaignID
    let job = bucket(0, jobs: 2).jobs[0].id
    let otherJob = bucket(0, jobs: 2).jobs[1].id

    init() throws {
        temporary = try TemporaryJobDirectory()
        directory = temporary.directory
        id = try campaign()
    }

    private func say(_ verb: ControlRecord.Verb, _ scope: ControlRecord.Scope, _ reason: String = "") throws {
        _ = try directory.post(verb, scope, reason: reason, scratch: temporary.scratch())
    }

    private func state() throws -> ControlState {
        var reader = ControlReader(directory)
        try reader.refresh()
        return reader.state
    }

    @Test func `a job is paused by any scope that holds it, until that scope is resumed`() throws {
        let scopes: [ControlRecord.Scope] = [.queue, .campaign(id), .job(job, of: id)]
        for scope in scopes {
            try say(.pause, scope)
            #expect(try state().isPaused(job, of: id))
        }
        for scope in scopes.dropLast() {
            try say(.resume, scope)
            #expect(try state().isPaused(job, of: id), "another scope is still paused")
        }
        #expect(try !state().isPaused(otherJob, of: id))
        try say(.resume, .job(job, of: id))
        #expect(try !state().isPaused(job, of: id))
    }

    @Test func `what stands among the records and is none says nothing, and silences nobody`() throws {
        try say(.pause, .queue)
        let folder = directory.root.appending("control")
        try LocalFileSystem().makeDirectory(folder.appending("00000002"))
        try makeSymbolicLink(at: folder.appending("00000003"), to: "/nowhere")
        try LocalFileSystem().create(folder.appending("00000004"), contents: Array("drain".utf8), durably: false)
        let long = [UInt8](repeating: 32, count: (1 << 20) + 1)
        try LocalFileSystem().create(folder.appending("00000005"), contents: long, durably: false)
        try say(.cancel, .campaign(id), "no")
        #expect(try state().isPaused)
        #expect(try state().cancellation(of: id) == "no")
        #expect(try state().number == 6)
    }

    @Test func `the last word on a scope counts, and ends what was said of jobs inside it`() throws {
        try say(.cancel, .job(job, of: id), "no")
        #expect(try state().cancellation(of: job, of: id) == "no")
        #expect(try state().cancellation(of: otherJob, of: id) == nil)
        try say(.retry, .campaign(id))
        #expect(try state().cancellation(of: job, of: id) == nil)
        try say(.cancel, .campaign(id), "wrong weights")
        #expect(try state().cancellation(of: otherJob, of: id) == "wrong weights")
        try say(.retry, .job(job, of: id))
        #expect(try state().cancellation(of: job, of: id) == nil)
        #expect(try state().cancellation(of: id) == "wrong weights")
        #expect(try state().cancellation(of: job, of: campaign(2)) == nil)
        try say(.retry, .queue)
        #expect(try state().cancellation(of: id) == nil)
    }

    @Test func `a drain concerns the workers that were there when it was said`() throws {
        let before = try state().number
        try say(.drain, .queue)
        let after = try state()
        #expect(try after.drains(worker(1), since: before))
        #expect(try !after.drains(worker(1), since: after.number))
        try say(.drain, .worker(worker(2)))
        #expect(try state().drains(worker(2), since: after.number))
        #expect(try !state().drains(worker(1), since: after.number))
    }

    @Test func `sixteen who speak at once get sixteen numbers`() throws {
        let numbers = Monitor<[Int]>([])
        let (directory, id, scratch) = (directory, id, try temporary.scratch())
        try onThreads(16, named: "user") { _ in
            let number = try directory.post(.pause, .campaign(id), scratch: scratch)
            numbers.withLock { $0.append(number) }
        }
        #expect(numbers.withLock { $0.sorted() } == Array(1...16))
    }

    @Test func `records that are damaged, foreign or too long say nothing`() throws {
        let folder = directory.root.appending("control")
        let other = try TemporaryJobDirectory()
        _ = try other.directory.post(.pause, .queue, scratch: other.scratch())
        let foreign = try LocalFileSystem().contents(
            of: other.directory.root.appending("control").appending("00000001"),
            limit: 1 << 20
        )
        try LocalFileSystem().create(folder.appending("00000001"), contents: foreign, durably: false)
        try LocalFileSystem().create(folder.appending("00000002"), contents: Array("{".utf8), durably: false)
        try LocalFileSystem().create(folder.appending("pause"), contents: foreign, durably: false)
        #expect(try !state().isPaused)
        try say(.pause, .queue)
        #expect(try state().isPaused)
        #expect(try state().number == 3)
    }

    @Test(arguments: [Errno.ioError, .noSuchFileOrDirectory, .timedOut])
    func `a link that is made though an error was reported counts once`(_ errno: Errno) throws {
        let faults = Monitor(2)
        let unreliable = try temporary.through(
            FaultyFileSystem.links({ _, _ in
                faults.withLock { left in
                    left -= 1
                    return left >= 0 ? .reported(errno) : nil
                }
            })
        )
        #expect(try unreliable.post(.pause, .queue, scratch: temporary.scratch()) == 1)
        #expect(try LocalFileSystem().names(in: directory.root.appending("control")) == ["00000001"])
    }

    @Test func `what is no record is passed over, and what users say is heard all the same`() throws {
        let control = directory.root.appending("control")
        let elsewhere = temporary.folder.path.appending("elsewhere")
        try LocalFileSystem().create(elsewhere, contents: Array("x".utf8), durably: false)
        try LocalFileSystem().makeDirectory(control.appending("00000001"))
        try makeSymbolicLink(at: control.appending("00000002"), to: elsewhere)
        let large = [UInt8](repeating: 0, count: 2 << 20)
        try LocalFileSystem().create(control.appending("00000003"), contents: large, durably: false)
        try say(.pause, .queue)
        #expect(try state().isPaused)
        #expect(try state().number == 4)
    }

    @Test func `a cancelled job is known to be one of its campaign until it is wanted again`() throws {
        #expect(try !state().hasCancellation(in: id))
        try say(.cancel, .job(job, of: id))
        #expect(try state().hasCancellation(in: id))
        #expect(try !state().hasCancellation(in: campaign(2)))
        try say(.retry, .job(job, of: id))
        #expect(try !state().hasCancellation(in: id))
    }

    @Test(arguments: [-1, 1_000_001, Int.max])
    func `a hint of a fleet that cannot be is not believed`(_ fleet: Int) throws {
        try directory.hint([], fleet: fleet, scratch: temporary.scratch())
        #expect(try directory.newestHint() == nil)
    }

    @Test func `a number far beyond the others silences nobody`() throws {
        try say(.pause, .queue)
        let far = directory.root.appending("control").appending("99999999")
        try LocalFileSystem().create(far, contents: [], durably: false)
        try say(.resume, .queue)
        #expect(try !state().isPaused)
        #expect(try state().number == 2)
    }

    @Test func `the newest hint tells where work is, and only the last sixteen are kept`() throws {
        let scratch = try temporary.scratch()
        let places = (0..<300).map {
            Hint.Place(campaign: id, bucket: BucketName(number: $0), kind: "sum", priority: $0 % 10)
        }
        for count in 0..<20 { try directory.hint(places.prefix(count), fleet: count, scratch: scratch) }
        #expect(try directory.newestHint()?.fleet == 19)
        #expect(try LocalFileSystem().names(in: directory.root.appending("hints")).count == 16)
        try directory.hint(places, fleet: 1, scratch: scratch)
        let hint = try present(directory.newestHint())
        #expect(hint.places.count == Hint.placeLimit)
        #expect(hint.isCut)
        #expect(hint.places.first?.priority == 0)
    }
}
