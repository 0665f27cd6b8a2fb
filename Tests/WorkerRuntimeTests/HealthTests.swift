// SPDX-License-Identifier: MIT

import JobStorage
import JobStorageTestSupport
import SystemSupport
import Testing

@testable import WorkerRuntime

@Suite(.timeLimit(.minutes(120)))
struct HealthTests {
    private let start = BootClock().now

    private func doubtful() -> Health {
        var health = Health(heartbeat: .seconds(10))
        for _ in 0..<3 { health.record(failure: true, after: .seconds(1)) }
        return health
    }

    @Test(
        arguments: [
            ([(true, 1), (true, 1), (true, 1)], true), ([(true, 1), (true, 1)], false),
            ([(true, 1), (true, 1), (false, 1), (true, 1)], false), ([(true, 1), (true, 60), (true, 1)], false),
        ]
    )
    func `three quick failures in a row make a worker doubt its machine`(
        _ endings: [(isFailure: Bool, seconds: Int)],
        _ isDoubtful: Bool
    ) {
        var health = Health(heartbeat: .seconds(10))
        for ending in endings { health.record(failure: ending.isFailure, after: .seconds(ending.seconds)) }
        #expect(health.isDoubtful == isDoubtful)
    }

    @Test func `a machine that passes its test rests once and goes on`() {
        var health = doubtful()
        health.record(isSound: true, now: start)
        #expect(health.isResting(now: start.advanced(by: .seconds(9))))
        #expect(!health.isResting(now: start.advanced(by: .seconds(10))))
        #expect(!health.isDoubtful)
    }

    @Test func `a machine that fails its test rests longer and longer, ten minutes at most, and stays in doubt`() {
        var health = doubtful()
        var (now, rests) = (start, [Int64]())
        for _ in 0..<8 {
            health.record(isSound: false, now: now)
            var rest: Int64 = 0
            while health.isResting(now: now.advanced(by: .seconds(rest))) { rest += 10 }
            rests.append(rest)
            now = now.advanced(by: .seconds(rest))
            #expect(health.isDoubtful)
        }
        #expect(rests == [10, 20, 40, 80, 160, 320, 600, 600])
    }

    @Test func `a job is not begun where one of its kind would not have ended in time`() {
        var durations = JobDurations()
        #expect(durations.fits("sum", into: .seconds(1)), "a kind that was not seen is tried")
        durations.record("sum", .seconds(10))
        durations.record("sum", .seconds(5))
        #expect(durations.fits("sum", into: .seconds(12)))
        #expect(!durations.fits("sum", into: .seconds(11)))
        #expect(durations.fits("other", into: .seconds(1)))
    }
}

@Suite(.timeLimit(.minutes(120)))
struct WorkFinderTests {
    let temporary: TemporaryJobDirectory
    let directory: JobDirectory
    let id: CampaignID
    let now = BootClock().now

    init() throws {
        temporary = try TemporaryJobDirectory()
        directory = temporary.directory
        id = try campaign()
    }

    private func publish(_ buckets: JobPlan.Bucket..., of campaign: CampaignID? = nil) throws {
        let scratch = try temporary.scratch()
        for bucket in buckets { _ = try directory.publish(bucket, of: campaign ?? id, omitting: [], scratch: scratch) }
    }

    private func terms(_ kinds: Set<String> = ["sum"]) throws -> WorkFinder.Terms {
        var reader = ControlReader(directory)
        try reader.refresh()
        return WorkFinder.Terms(kinds: kinds, control: reader.state)
    }

    private func claimed(_ finder: inout WorkFinder, _ kinds: Set<String> = ["sum"]) throws -> Token? {
        guard let claim = try finder.claim(for: worker(), terms(kinds), now: now) else { return nil }
        return claim.token
    }

    @Test func `one listing serves as many claims as the bucket has jobs`() throws {
        try publish(bucket(0, jobs: 50))
        var finder = WorkFinder(directory)
        var jobs: Set<JobID> = []
        for _ in 0..<50 { jobs.insert(try present(claimed(&finder)).name.job) }
        #expect(jobs.count == 50)
        #expect(finder.listings < 8)
        #expect(try claimed(&finder) == nil)
    }

    @Test func `a hint leads to one bucket of a thousand without a listing of the others`() throws {
        for number in 0..<30 { try publish(bucket(number, jobs: number == 17 ? 3 : 0)) }
        let place = Hint.Place(campaign: id, bucket: BucketName(number: 17), kind: "sum", priority: 5)
        try directory.hint([place], fleet: 64, scratch: temporary.scratch())
        var finder = WorkFinder(directory)
        #expect(try claimed(&finder)?.bucket == BucketName(number: 17))
        #expect(finder.listings == 2)
        #expect(finder.fleet == 64)
    }

    @Test func `a hint that stands for minutes tells nothing of the fleet any more`() throws {
        try directory.hint([], fleet: 64, scratch: temporary.scratch())
        var finder = WorkFinder(directory)
        for (seconds, fleet) in [(0, 64), (179, 64), (180, nil)] as [(Int, Int?)] {
            let isNone = try finder.claim(for: worker(), terms(), now: now.advanced(by: .seconds(seconds))) == nil
            #expect(isNone)
            #expect(finder.fleet == fleet)
        }
    }

    @Test func `what no hint names is found all the same`() throws {
        try publish(bucket(0, jobs: 1))
        try directory.hint([], fleet: 1, scratch: temporary.scratch())
        var finder = WorkFinder(directory)
        #expect(try claimed(&finder) != nil)
    }

    @Test func `64 idle workers make at most twenty listings a second in the mean, those of control included`() {
        let control = 64 / (directory.settings.heartbeat / .seconds(1))
        for listings in [1, 3, 20] {
            let mean = WorkFinder.idleWait(fleet: 64, listings: listings) / 2
            let rate = Double(64 * listings) / (mean / .seconds(1))
            #expect((19...20).contains(rate + control))
        }
    }

    @Test func `the better priority comes first, also between campaigns`() throws {
        try publish(bucket(0, jobs: 2, priority: 5))
        try publish(bucket(0, jobs: 1, priority: 1), of: campaign(2))
        var finder = WorkFinder(directory)
        #expect(try claimed(&finder)?.campaign == campaign(2))
        #expect(try claimed(&finder)?.campaign == id)
    }

    @Test func `campaigns that are noted to have ended cost nothing, and work in them is found all the same`() throws {
        for number in 1...40 {
            try publish(bucket(0, jobs: number == 23 ? 1 : 0), of: campaign(number))
            let note = EndNote(try campaign(number), .done, number: 0)
            try directory.add(note, jobs: [:], scratch: temporary.scratch())
        }
        var finder = WorkFinder(directory)
        #expect(try claimed(&finder) == nil)
        #expect(finder.listings == 3, "the hint, the notes, and the campaigns' names")
        // A note is only a hint: it was wrong of the 23rd.
        var looks = 0
        while try claimed(&finder)?.campaign != campaign(23) {
            looks += 1
            try #require(looks < 20_000, "one look in eight is at one of forty campaigns")
        }
    }

    @Test func `a note that is older than a user's word does not keep a campaign from being looked at`() throws {
        try publish(bucket(0, jobs: 1))
        try directory.add(EndNote(id, .cancelled, number: 0), jobs: [:], scratch: temporary.scratch())
        var finder = WorkFinder(directory)
        #expect(try claimed(&finder) == nil)
        _ = try directory.post(.retry, .campaign(id), scratch: temporary.scratch())
        finder = WorkFinder(directory)
        #expect(try claimed(&finder)?.campaign == id)
    }

    @Test func `kinds that are not wanted, and what is paused or cancelled, are left alone`() throws {
        try publish(bucket(0, jobs: 1, kind: "other"), bucket(1, jobs: 2))
        let jobs = bucket(1, jobs: 2).jobs.map(\.id)
        _ = try directory.post(.pause, .job(jobs[0], of: id), scratch: temporary.scratch())
        var finder = WorkFinder(directory)
        #expect(try claimed(&finder)?.name.job == jobs[1])
        #expect(try claimed(&finder) == nil)
        _ = try directory.post(.resume, .job(jobs[0], of: id), scratch: temporary.scratch())
        _ = try directory.post(.cancel, .campaign(id), scratch: temporary.scratch())
        finder = WorkFinder(directory)
        #expect(try claimed(&finder) == nil)
        _ = try directory.post(.retry, .campaign(id), scratch: temporary.scratch())
        finder = WorkFinder(directory)
        #expect(try claimed(&finder)?.name.job == jobs[0])
    }
}
