// SPDX-License-Identifier: MIT

import JobStorage
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

@Suite(.timeLimit(.minutes(120)))
struct RepairDecisionTests {
    struct Case: Sendable {
        let code: String
        var producers: [(TokenFolder?, Int)] = []
        var damaged: Set<Int>?
        let expected: RepairDecision
    }

    static let attempt = Attempt(generation: 1, number: 4, crashes: 1, failures: 0)
    static let jobs = bucket(0, jobs: 3).jobs.map(\.id)
    static let goesOn = RepairDecision.settle(.requeue(attempt.next(crashes: 0, failures: 0)))
    static let counts = RepairDecision.settle(.requeue(attempt.next(crashes: 0, failures: 1)))
    static let isLost = RepairDecision.settle(.fail(.inputLost))

    @Test(arguments: [
        Case(code: "i-weights", expected: counts),
        Case(code: "i-shard", producers: [(.done, 1), (.done, 1)], expected: .inspect),
        Case(code: "i-shard", producers: [(.done, 1), (.done, 1)], damaged: [], expected: counts),
        Case(code: "i-shard", producers: [(.done, 1), (.done, 2)], damaged: [1], expected: .reissue([jobs[1]])),
        Case(code: "i-shard", producers: [(.done, 1), (.pending, 2)], expected: .wait),
        Case(code: "i-shard", producers: [(.running, 2), (.done, 1)], expected: .wait),
        Case(code: "i-repair", producers: [(.returned, 2)], expected: .wait),
        Case(code: "i-repair", producers: [(nil, 1)], expected: .wait),
        Case(code: "i-repair", producers: [(.done, 2), (.done, 1)], expected: .inspect),
        Case(code: "i-repair", producers: [(.done, 2), (.done, 1)], damaged: [], expected: goesOn),
        Case(code: "i-repair", producers: [(.done, 4)], damaged: [0], expected: .reissue([jobs[0]])),
        Case(code: "i-repair", producers: [(.done, RepairDecision.generationLimit)], damaged: [0], expected: isLost),
        Case(code: "i-repair", producers: [(.done, RepairDecision.generationLimit)], damaged: [], expected: goesOn),
        Case(code: "i-repair", producers: [(.failed, 2), (.pending, 2)], expected: isLost),
    ])
    func `a job whose input is lost waits for its makers, goes on without a count, or fails`(row: Case) throws {
        let decision = RepairDecision.afterReturn(
            of: Self.attempt,
            code: try present(Reason(row.code)),
            producers: zip(Self.jobs, row.producers).map {
                RepairDecision.Producer(job: $0, folder: $1.0, generation: $1.1)
            },
            damaged: row.damaged.map { Set($0.map { Self.jobs[$0] }) },
            settings: QueueSettings(run: String(repeating: "0", count: 32))
        )
        #expect(decision == row.expected)
    }
}

@Suite(.timeLimit(.minutes(120)))
struct ReissueTests {
    let temporary: TemporaryJobDirectory
    let directory: JobDirectory
    let id: CampaignID
    let stage = bucket(0, jobs: 2)

    init() throws {
        temporary = try TemporaryJobDirectory()
        directory = temporary.directory
        id = try campaign()
        let scratch = try temporary.scratch()
        _ = try directory.publish(stage, of: id, omitting: [stage.jobs[1].id], scratch: scratch)
    }

    private func tokens(_ folder: TokenFolder) throws -> [Token] {
        try directory.tokens(in: folder, stage.name, of: id)
    }

    private func finish(_ number: UInt64) throws {
        let pending = try present(tokens(.pending).first)
        guard let claim = try directory.claim(pending, for: worker(number)) else { throw Unavailable("claim") }
        #expect(try directory.finish(claim) == .accepted)
    }

    @Test func `a job that is done, with or without a token, is done anew once, whoever asks`() throws {
        try finish(1)
        let done = try present(tokens(.done).first)
        let anew = Attempt(generation: 2, number: 1, crashes: 0, failures: 0)
        for (job, token) in [(stage.jobs[0].id, done), (stage.jobs[1].id, nil)] {
            #expect(try directory.scan(id).state(of: job, in: stage.name) == .done)
            #expect(try directory.isStillDone(job, token, in: stage.name, of: id))
            #expect(try directory.reissue(job, token, in: stage, of: id, scratch: temporary.scratch()) == .moved)
            #expect(try !directory.isStillDone(job, token, in: stage.name, of: id))
            #expect(try tokens(.pending).map(\.name.attempt) == [anew])
            #expect(try directory.specification(of: present(tokens(.pending).first)).id == job)
            #expect(try directory.scan(id).state(of: job, in: stage.name) == .pending)
            try finish(2)
            #expect(try directory.reissue(job, token, in: stage, of: id, scratch: temporary.scratch()) == .gone)
            #expect(try directory.scan(id).state(of: job, in: stage.name) == .done)
        }
        #expect(try tokens(.done).map(\.name.attempt) == [anew, anew])
    }

    @Test func `a token beside one of a higher generation is void and counts for nothing`() throws {
        let job = stage.jobs[0].id
        let later = Attempt.first.nextGeneration
        let zombie = Token(
            campaign: id,
            bucket: stage.name,
            name: TokenName(job: job, attempt: .first, standing: .done(try worker(1)))
        )
        let live = zombie.renamed(TokenName(job: job, attempt: later, standing: .running(try worker(2))))
        let old = zombie.renamed(TokenName(job: job, attempt: .first, standing: .failed(nil, .superseded)))
        for order in [[zombie, live, old], [live, old, zombie], [old, zombie, live]] {
            var snapshot = CampaignSnapshot()
            snapshot.add(PublishedBucket(stage, omitting: []), named: stage.name)
            for token in order { snapshot.add(token) }
            #expect(snapshot.tokens[job] == live)
            #expect(snapshot.void == [zombie])
            snapshot.forget(stage)
            #expect(snapshot == CampaignSnapshot())
        }
    }

    @Test func `a damaged file of an array goes to the array's own folder and is never in the way`() throws {
        let array = directory.root.appending("arrays").appending("abc")
        let shard = array.appending("c").appending("0").appending("1")
        for _ in 0..<2 {
            try directory.fileSystem.makeDirectories(shard.removingLastComponent())
            try directory.fileSystem.create(shard, contents: [1], durably: false)
            #expect(try directory.quarantine(shard) == .moved)
            #expect(try directory.quarantine(shard) == .gone)
        }
        let names = try directory.fileSystem.names(in: array.appending("bad"))
        #expect(names.count == 2)
        #expect(names.allSatisfy { $0.hasPrefix("c-0-1-") })
    }
}
