// SPDX-License-Identifier: MIT

import FoundationEssentials
import JobStorage
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

@testable import Coordination

/// A machine whose clock leaps each time that somebody looks at it.
private struct HastyMachine: Platform {
    private let machine = ThisMachine()
    private let leaps = Monitor(0)
    let leap: Duration

    var now: BootClock.Instant {
        let count = leaps.withLock { count in
            count += 1
            return count
        }
        return machine.now.advanced(by: leap * count)
    }
    var secondsSince1970: Double { machine.secondsSince1970 }

    func randomBits() -> UInt64 { machine.randomBits() }
    func identity() throws(FileError) -> HostIdentity { try machine.identity() }
    func isProvablyDead(_ process: HostIdentity, seenFrom observer: HostIdentity) -> Bool {
        machine.isProvablyDead(process, seenFrom: observer)
    }
    func startThread(named name: String, _ body: @escaping @Sendable () -> Void) -> any RunningThread {
        machine.startThread(named: name, body)
    }
    func wait<State>(
        on monitor: Monitor<State>,
        atMost limit: Duration?,
        until condition: @escaping @Sendable (inout sending State) -> Bool
    ) -> Bool {
        machine.wait(on: monitor, atMost: limit, until: condition)
    }
}

/// What tests read of an atlas's index.
private struct Index: Decodable {
    struct Picture: Decodable {
        let file: String?
    }

    let ended: String?
    let expected: Int
    let pictures: [Picture]
}

/// An atlas in a job directory where one thing or another goes wrong.
@Suite(.timeLimit(.minutes(120)))
struct AtlasTests {
    let real: RealCampaign
    let campaign: CampaignID
    var directory: JobDirectory { real.directory }
    var atlas: FilePath { directory.reports(of: campaign).appending("atlas") }

    init() throws {
        real = try RealCampaign()
        campaign = try real.submit(
            "pictures",
            """
            models: {a: {weights: "seeded:1"}, b: {weights: "seeded:2", edits: [{set: "conv2d2:3", value: 1.0e+38}]}}
            lucid: {neurons: ["conv2d2:0-3"], size: 32, thresholds: [1, 2]}
            """
        )
    }

    private func bytes(_ name: String) throws -> [UInt8] {
        try LocalFileSystem().contents(of: atlas.pushing(FilePath(name)), limit: 1 << 24)
    }

    private func index() throws -> Index { try JSONDecoder().decode(Index.self, from: Data(bytes("index.json"))) }

    private func problems() throws -> [QueueProblem] {
        try Verification(directory, content: NetworkCampaigns(directory)) { _, _, _ in }.problems
    }

    private func pictureCount() throws -> Int {
        try ["a", "b"].reduce(0) { count, model in
            let folder = atlas.appending(model).appending("conv2d2")
            guard try LocalFileSystem().isPresent(folder) else { return count }
            return try count + LocalFileSystem().names(in: folder).count { $0 != "sheet.png" }
        }
    }

    // MARK: Two coordinators

    @Test func `a coordinator that knows of fewer results writes nothing into a complete atlas`() throws {
        let slow = NetworkCampaigns(directory)
        var loop = try CoordinationLoop(directory, content: Joining(directory: directory), logger: quiet)
        _ = try loop.step()
        let early = CampaignResults(directory, try directory.scan(campaign))
        #expect(try real.end() == [campaign: .done])
        let complete = try bytes("index.json")
        #expect(try slow.mergePart(directory.plan(of: campaign), results: early, phase: .underWay) == false)
        #expect(try bytes("index.json") == complete)
        #expect(try problems() == [])
    }

    @Test func `what such a coordinator wrote too late is merged again by it`() throws {
        var loop = try CoordinationLoop(directory, content: NetworkCampaigns(directory), logger: quiet)
        _ = try loop.step()
        let early = try bytes("index.json")
        #expect(try real.end() == [campaign: .done])
        let complete = try bytes("index.json")
        #expect(complete != early)
        // It had looked before the other one was ready, and stood still until now.
        try LocalFileSystem().overwrite(atlas.appending("index.json"), contents: early)
        #expect(try problems().map(\.kind) == [.damagedReport])
        #expect(try loop.step())
        #expect(loop.endedCampaigns == [campaign: .done])
        #expect(try bytes("index.json") == complete)
        #expect(try problems() == [])
    }

    // MARK: A coordinator that starts anew

    @Test func `pictures that are there already are not written again`() throws {
        #expect(try real.end() == [campaign: .done])
        let report = directory.reports(of: campaign)
        try LocalFileSystem().remove(report.appending("SUCCESS.json"))
        try LocalFileSystem().remove(atlas.pushing(FilePath("a/conv2d2/0001.png")))
        try real.flip(atlas.pushing(FilePath("b/conv2d2/0002-t1.png")))
        let written = Monitor<[String]>([])
        let listening = FaultyFileSystem { _, destination in
            let parts = destination.components.map(\.string).suffix(3)
            if destination.extension == "png" { written.withLock { $0.append(parts.joined(separator: "/")) } }
            return nil
        }
        let through = try real.temporary.through(listening)
        let results = CampaignResults(through, try through.scan(campaign))
        try NetworkCampaigns(through).merge(try through.plan(of: campaign), results: results)
        let pictures = written.withLock { $0 }.filter { !$0.hasSuffix("sheet.png") }
        #expect(Set(pictures) == ["a/conv2d2/0001.png", "b/conv2d2/0002-t1.png"])
        #expect(try problems() == [])
    }

    @Test func `nothing unfinished ever stands beside a report, and nothing of it is left elsewhere`() throws {
        #expect(try real.end() == [campaign: .done])
        try LocalFileSystem().removeTree(directory.reports(of: campaign))
        let reports = directory.reports(of: campaign)
        let scratch = directory.root.appending("scratch")
        let others = try LocalFileSystem().names(in: scratch).sorted()
        let isDrafted = Monitor<[String: Bool]>([:])
        let listening = FaultyFileSystem { source, destination in
            if destination.starts(with: reports) {
                isDrafted.withLock { $0[destination.string] = source.starts(with: scratch) }
            }
            return nil
        }
        let through = try real.temporary.through(listening)
        let results = CampaignResults(through, try through.scan(campaign))
        try NetworkCampaigns(through).merge(try through.plan(of: campaign), results: results)
        let drafted = isDrafted.withLock { $0 }
        #expect(drafted.count > 8 && drafted.values.allSatisfy { $0 }, "\(drafted)")
        #expect(drafted.keys.contains(reports.appending("SUCCESS.json").string))
        #expect(try LocalFileSystem().names(in: scratch).sorted() == others)
    }

    @Test func `it takes in one picture at a time where time is short`() throws {
        #expect(try real.end() == [campaign: .done])
        let expected = try bytes("index.json")
        try LocalFileSystem().removeTree(directory.reports(of: campaign))
        let hasty = try JobDirectory.open(
            at: directory.root,
            trustOwner: nil,
            platform: HastyMachine(leap: .milliseconds(1100))
        )
        let content = NetworkCampaigns(hasty)
        let plan = try hasty.plan(of: campaign)
        let results = CampaignResults(hasty, try hasty.scan(campaign))
        var (calls, known) = (0, 0)
        while try content.mergePart(plan, results: results, phase: .complete) {
            calls += 1
            let count = try pictureCount()
            // A picture has a file for each of two thresholds, and one for the last.
            #expect(count - known <= 3)
            known = count
            try #require(calls < 100)
        }
        #expect(calls == 8 + 8, "eight pictures, eight tiles")
        try content.merge(plan, results: results)
        #expect(try bytes("index.json") == expected)
    }

    // MARK: Ends

    @Test func `pictures that failed are counted, and the note says where the reasons are`() throws {
        #expect(try real.end() == [campaign: .done])
        let report = try MergedReport(of: campaign, in: directory)
        #expect(report.pictures == PictureCounts(made: 14, failed: 2))
        let note = try #require(report.failureNote)
        #expect(note.hasPrefix("2 of 16 pictures failed") && note.contains("\(atlas)/index.json"))
        #expect(try index().pictures.count { $0.file == nil } == 2)
        let again = try NetworkCampaigns(directory).report(of: campaign, to: nil) { _, _ in }
        #expect(again.failureNote == note && again.damage == nil)
    }

    @Test func `the atlas of a cancelled campaign says so, and that of one that was taken up again does not`() throws {
        var loop = try CoordinationLoop(directory, content: NetworkCampaigns(directory), logger: quiet)
        _ = try loop.step()
        #expect(try index().ended == nil)
        let inquiry = try QueueInquiry(directory, campaign: nil)
        _ = try QueueControl(directory).cancel(inquiry, .campaign(campaign), reason: "enough")
        for _ in 0..<5 where try !loop.step() {}
        #expect(loop.endedCampaigns == [campaign: .cancelled("enough")])
        #expect(try index().ended == "cancelled" && index().pictures.isEmpty && index().expected == 16)
        _ = try QueueControl(directory).retry(QueueInquiry(directory, campaign: nil), .campaign(campaign))
        #expect(try real.end() == [campaign: .done])
        #expect(try index().ended == nil && index().pictures.count == 16)
    }

    @Test func `the atlas of a failed campaign says so`() throws {
        var loop = try CoordinationLoop(directory, content: NetworkCampaigns(directory), logger: quiet)
        _ = try loop.step()
        let plan = try directory.plan(of: campaign)
        let snapshot = try directory.scan(campaign)
        let job = try present(plan.buckets.first?.jobs.first)
        let token = try present(snapshot.tokens[job.id])
        #expect(try directory.settle(token, .fail(.poison), priority: 0) == .moved)
        try real.work()
        for _ in 0..<5 where try !loop.step() {}
        guard case .failed = loop.endedCampaigns[campaign] else {
            Issue.record("\(loop.endedCampaigns)")
            return
        }
        #expect(try index().ended == "failed" && index().pictures.count == 8)
    }
}
