// SPDX-License-Identifier: MIT

import JobStorage
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

@testable import Coordination

/// The report of a campaign that is complete, in its own folder and in one that a user chose.
@Suite(.timeLimit(.minutes(120)))
struct ReportTests {
    let real: RealCampaign
    let campaign: CampaignID
    var directory: JobDirectory { real.directory }
    var own: FilePath { directory.reports(of: campaign) }
    var place: FilePath { real.temporary.folder.path }

    init() throws {
        real = try RealCampaign()
        campaign = try real.submit("study")
        #expect(try real.end() == [campaign: .done])
    }

    private func report(to folder: FilePath? = nil) throws -> CampaignReport {
        try NetworkCampaigns(directory).report(of: campaign, to: folder) { _, _ in }
    }

    private func problems() throws -> [QueueProblem] {
        try Verification(directory, content: NetworkCampaigns(directory)) { _, _, _ in }.problems
    }

    private func bytes(_ name: String, in folder: FilePath) throws -> [UInt8] {
        try LocalFileSystem().contents(of: folder.pushing(FilePath(name)), limit: 1 << 24)
    }

    private func loseResult() throws {
        let bucket = try present(directory.plan(of: campaign).buckets.first { $0.kind == "hsic" })
        let folder = directory.root.pushing(FilePath("results/\(campaign)/\(bucket.name)"))
        for name in try LocalFileSystem().names(in: folder) { try LocalFileSystem().remove(folder.appending(name)) }
    }

    // MARK: Damage

    @Test func `files that were changed or removed are found, and written anew by a repair`() throws {
        let complete = try bytes("cka.csv", in: own)
        try real.flip(own.appending("cka.csv"))
        try LocalFileSystem().removeTree(own.appending("heatmaps"))
        let found = try problems()
        #expect(found.map(\.kind) == [.damagedReport])
        #expect(found[0].message.contains("2 of its ") && found[0].message.contains("cka.csv, heatmaps/"))
        let damage = try #require(try report().damage)
        #expect("\(damage)".contains("cka.csv") && "\(damage)".contains("lucid-coordinator repair --queue"))
        _ = try QueueRepair(directory, content: NetworkCampaigns(directory)).repair(found[0])
        #expect(try problems() == [])
        #expect(try bytes("cka.csv", in: own) == complete)
        #expect(try report().damage == nil)
    }

    @Test(arguments: ["{}", "", #"{"files": {"../../queue.json": "\#(String(repeating: "0", count: 64))"}}"#])
    func `a SUCCESS file that cannot be understood is found, and written anew by a repair`(text: String) throws {
        try LocalFileSystem().overwrite(own.appending("SUCCESS.json"), contents: Array(text.utf8))
        let found = try problems()
        #expect(found.map(\.kind) == [.damagedReport])
        #expect(try report().damage != nil)
        _ = try QueueRepair(directory, content: NetworkCampaigns(directory)).repair(found[0])
        #expect(try problems() == [])
    }

    @Test func `a report that cannot be written anew says what must come first`() throws {
        try real.flip(own.appending("cka.csv"))
        try loseResult()
        let found = try problems()
        #expect(found.map(\.kind) == [.lostResult, .damagedReport])
        let repair = QueueRepair(directory, content: NetworkCampaigns(directory))
        #expect(try repair.repair(found[0]) != nil)
        #expect(try present(repair.repair(found[1])).words.contains("repair once more"))
        try real.work()
        for problem in try problems() { _ = try repair.repair(problem) }
        #expect(try problems() == [])
    }

    // MARK: A folder that a user chose

    @Test func `it is written to a folder that is not there, and over an earlier one`() throws {
        let folder = place.appending("results").appending("deep")
        #expect(try report(to: folder).folder == folder)
        let names = try LocalFileSystem().names(in: folder)
        #expect(try Set(names) == Set(LocalFileSystem().names(in: own)))
        #expect(try LocalFileSystem().names(in: place.appending("results")) == ["deep"])
        try LocalFileSystem().overwrite(folder.appending("cka.csv"), contents: [1])
        try LocalFileSystem().create(folder.appending("mine.txt"), contents: [2], durably: false)
        _ = try report(to: folder)
        #expect(try Set(LocalFileSystem().names(in: folder)) == Set(names + ["mine.txt"]))
        for name in ["cka.csv", "cka.npy", "heatmaps/mixed3a_pool_reduce.png"] {
            #expect(try bytes(name, in: folder) == bytes(name, in: own))
        }
    }

    @Test func `nothing of it stays where a result is lost, and the message says what to do`() throws {
        try loseResult()
        let folder = place.appending("results")
        let error = #expect(throws: UnfinishedCampaign.self) { try report(to: folder) }
        #expect(error?.description.contains("lucid-coordinator repair --queue") == true)
        #expect(try !LocalFileSystem().isPresent(folder))
        #expect(try LocalFileSystem().names(in: place).allSatisfy { !$0.hasPrefix(".") })
        try LocalFileSystem().makeDirectory(folder)
        try LocalFileSystem().create(folder.appending("mine.txt"), contents: [2], durably: false)
        #expect(throws: UnfinishedCampaign.self) { try report(to: folder) }
        #expect(try LocalFileSystem().names(in: folder) == ["mine.txt"])
        #expect(throws: UnfinishedCampaign.self) { try report() }
    }

    @Test func `a file in its place is refused and left alone`() throws {
        let file = place.appending("results")
        try LocalFileSystem().create(file, contents: [7], durably: false)
        for target in [file, file.appending("below")] {
            let error = #expect(throws: SubmissionError.self) { try report(to: target) }
            #expect(error?.description.contains("name a folder") == true)
        }
        #expect(try bytes("results", in: place) == [7])
    }
}
