// SPDX-License-Identifier: MIT

import JobStorage
import JobStorageTestSupport
import SystemSupport
import Testing

@Suite(.timeLimit(.minutes(120)))
struct DecisionTests {
    let settings = QueueSettings(run: String(repeating: "0", count: 32))

    struct Loss: Sendable {
        let silence: Int
        var isOwnerGone = false
        var unlisted = 0
        var beats = 0
        let isLost: Bool
    }

    @Test(arguments: [
        Loss(silence: 0, isLost: false),
        Loss(silence: 119, isLost: false),
        Loss(silence: 120, isLost: true),
        Loss(silence: 0, isOwnerGone: true, isLost: true),
        Loss(silence: 0, unlisted: 60, beats: 2, isLost: false),
        Loss(silence: 0, unlisted: 59, beats: 3, isLost: false),
        Loss(silence: 0, unlisted: 60, beats: 3, isLost: true),
    ])
    func `an attempt is lost by silence, by proof, or by standing in no list`(loss: Loss) {
        let observation = AttemptObservation(
            silence: .seconds(loss.silence),
            isOwnerGone: loss.isOwnerGone,
            unlisted: .seconds(loss.unlisted),
            unlistedBeats: loss.beats
        )
        #expect(observation.isLost(settings) == loss.isLost)
    }

    private func attempt(_ number: Int, _ crashes: Int, _ failures: Int) -> Attempt {
        Attempt(generation: 2, number: number, crashes: crashes, failures: failures)
    }

    @Test func `after a crash the job is done, tried again, or failed at the fifth`() {
        let first = attempt(1, 0, 0)
        #expect(SweepDecision.afterCrash(of: first, hasValidResult: true, settings: settings) == .complete)
        #expect(
            SweepDecision.afterCrash(of: first, hasValidResult: false, settings: settings)
                == .requeue(attempt(2, 1, 0))
        )
        let fifth = attempt(9, 4, 2)
        #expect(SweepDecision.afterCrash(of: fifth, hasValidResult: false, settings: settings) == .fail(.poison))
        #expect(SweepDecision.afterCrash(of: fifth, hasValidResult: true, settings: settings) == .complete)
    }

    @Test func `a hand-back raises no count, and the third failure is the last`() throws {
        let third = attempt(7, 4, 2)
        let failed = try present(Reason("f-bad-image"))
        let unreadable = try present(Reason("i-weights"))
        let handedBack = try present(Reason("r"))
        func decision(_ attempt: Attempt, _ code: Reason) -> SweepDecision {
            .afterReturn(of: attempt, code: code, settings: settings)
        }
        #expect(decision(third, handedBack) == .requeue(attempt(8, 4, 2)))
        #expect(decision(third, failed) == .fail(failed))
        #expect(decision(third, unreadable) == .fail(unreadable))
        #expect(decision(attempt(1, 0, 0), failed) == .requeue(attempt(2, 0, 1)))
        #expect(decision(attempt(1, 0, 0), unreadable) == .requeue(attempt(2, 0, 1)))
    }
}

@Suite(.timeLimit(.minutes(120)))
struct SnapshotTests {
    let id: CampaignID
    let plan: JobPlan
    let name: WorkerName

    init() throws {
        id = try campaign()
        name = try worker()
        plan = try JobPlan(
            campaign: id,
            buckets: [bucket(0, jobs: 2), bucket(1, jobs: 1, kind: "merge", after: [0]), bucket(2, jobs: 1)]
        )
    }

    private func snapshot(_ standings: [(Int, Int, TokenName.Standing)], published: [Int]) -> CampaignSnapshot {
        var snapshot = CampaignSnapshot()
        for number in published {
            let bucket = plan.buckets[number]
            snapshot.add(PublishedBucket(bucket, omitting: []), named: bucket.name)
        }
        for (bucket, job, standing) in standings {
            let job = plan.buckets[bucket].jobs[job].id
            let name = TokenName(job: job, attempt: .first, standing: standing)
            snapshot.add(Token(campaign: id, bucket: plan.buckets[bucket].name, name: name))
        }
        return snapshot
    }

    @Test func `buckets are published when all they depend on is done`() throws {
        #expect(
            snapshot([], published: []).bucketsToPublish(of: plan).map(\.name.description) == ["00000", "00002"]
        )
        let half = snapshot([(0, 0, .done(name))], published: [0, 2])
        #expect(half.bucketsToPublish(of: plan).isEmpty)
        let whole = snapshot([(0, 0, .done(name)), (0, 1, .done(name))], published: [0, 2])
        #expect(whole.bucketsToPublish(of: plan).map(\.name.description) == ["00001"])
    }

    @Test func `a campaign ends when all is done, or when a failure leaves nothing to do`() throws {
        let done = TokenName.Standing.done(name)
        let failed = TokenName.Standing.failed(name, .poison)
        #expect(snapshot([], published: []).outcome(of: plan) == .underWay)
        let all = snapshot([(0, 0, done), (0, 1, done), (1, 0, done), (2, 0, done)], published: [0, 1, 2])
        #expect(all.outcome(of: plan) == .done)
        let stuck = snapshot([(0, 0, done), (0, 1, failed), (2, 0, done)], published: [0, 2])
        #expect(stuck.outcome(of: plan) == .failed([plan.buckets[0].jobs[1].id: .poison]))
        let busy = snapshot([(0, 0, done), (0, 1, failed), (2, 0, .running(name))], published: [0, 2])
        #expect(busy.outcome(of: plan) == .underWay)
        let unseen = snapshot([(0, 0, done), (0, 1, failed)], published: [0, 2])
        #expect(unseen.outcome(of: plan) == .underWay)
    }

    @Test func `jobs are counted by kind, and what was handed back counts as pending`() throws {
        let snapshot = self.snapshot(
            [(0, 0, .returned(name, .poison)), (0, 1, .done(name)), (2, 0, .running(name))],
            published: [0, 2]
        )
        let counts = snapshot.counts(of: plan)
        #expect(counts["sum"]?.pending == 1)
        #expect(counts["sum"]?.done == 1)
        #expect(counts["sum"]?.running == 1)
        #expect(counts["merge"]?.waiting == 1)
    }

    @Test func `of two tokens of a job all observers choose the same`() throws {
        let job = plan.buckets[0].jobs[0].id
        let second = Attempt.first.next(crashes: 1, failures: 0)
        let later = Attempt(generation: 2, number: 1, crashes: 0, failures: 0)
        let ordered = [
            TokenName(job: job, attempt: .first, standing: .pending(priority: 5)),
            TokenName(job: job, attempt: .first, standing: .running(name)),
            TokenName(job: job, attempt: .first, standing: .returned(name, .poison)),
            TokenName(job: job, attempt: second, standing: .pending(priority: 5)),
            TokenName(job: job, attempt: second, standing: .done(name)),
            TokenName(job: job, attempt: .first, standing: .done(try worker(9))),
            TokenName(job: job, attempt: .first, standing: .done(name)),
            TokenName(job: job, attempt: later, standing: .pending(priority: 5)),
        ]
        for _ in 0..<50 {
            var snapshot = CampaignSnapshot()
            let some = ordered.indices.filter { _ in Bool.random() }
            for index in some.shuffled() {
                snapshot.add(Token(campaign: id, bucket: BucketName(number: 0), name: ordered[index]))
            }
            #expect(snapshot.tokens[job]?.name == some.last.map { ordered[$0] })
        }
    }
}
