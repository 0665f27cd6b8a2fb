// SPDX-License-Identifier: MIT

import Coordination
import ImageCoding
import JobKinds
import JobStorage
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing
import WorkerRuntime

/// A small campaign of real jobs in a job directory of its own.
struct RealCampaign {
    let temporary: TemporaryJobDirectory
    let directory: JobDirectory

    init() throws {
        temporary = try TemporaryJobDirectory()
        directory = temporary.directory
        let photos = temporary.folder.path.appending("photos")
        try directory.fileSystem.makeDirectory(photos)
        for number in 0..<40 {
            let pixels = (0..<16 * 16 * 3).map { UInt8(truncatingIfNeeded: ($0 * 7 + 31) * (number + 3) / 5) }
            let image = try encodePNG(RGBImage(width: 16, height: 16, pixels: pixels))
            try directory.fileSystem.create(photos.appending("\(100 + number).png"), contents: image, durably: false)
        }
    }

    /// Submits the comparison under a name.
    func submit(_ name: String) throws -> CampaignID {
        try submit(
            name,
            """
            models: {a: {weights: "seeded:1"}, b: {weights: "seeded:2"}}
            dataset: {images: photos}
            cka: {layers: [mixed3a_pool_reduce], epochs: 1, iterations: 5, batch_size: 8}
            """
        )
    }

    /// Submits what a campaign file asks for under a name.
    func submit(_ name: String, _ text: String) throws -> CampaignID {
        let file = temporary.folder.path.appending("\(name).yaml")
        let bytes = Array("name: \(name)\n\(text)".utf8)
        try directory.fileSystem.create(file, contents: bytes, durably: false)
        let submission = try Submission(of: file, threads: 1) { _, _, _ in }
        #expect(try submission.publish(to: directory) == .registered)
        return submission.campaign
    }

    func work(kinds: Set<String>? = nil) throws {
        let options = WorkerOptions(
            threads: 2,
            memoryBudget: 2 << 30,
            untilEmpty: false,
            idleTimeout: .zero,
            timeLimit: nil,
            kinds: kinds,
            versions: Runners.versions
        )
        #expect(try Worker(directory, options: options, runners: Runners.all(), logger: quiet).run() == .idle)
    }

    func end() throws -> [CampaignID: CampaignEnd] {
        var loop = try CoordinationLoop(directory, content: NetworkCampaigns(directory), logger: quiet)
        for _ in 0..<30 {
            if try loop.step() { break }
            try work()
        }
        return loop.endedCampaigns
    }

    /// The comparison's numbers, without the campaign's own name.
    func numbers(of campaign: CampaignID) throws -> String {
        let file = directory.reports(of: campaign).appending("cka.json")
        let bytes = try directory.fileSystem.contents(of: file, limit: 1 << 20)
        return String(decoding: bytes, as: UTF8.self).replacing("\(campaign)", with: "")
    }

    /// The shards that the jobs of a kind make.
    func shards(_ kind: String, of campaign: CampaignID) throws -> [FilePath] {
        try directory.plan(of: campaign).buckets.filter { $0.kind == kind }.flatMap(\.jobs).flatMap { job in
            try JobOutputs.paths(of: job, in: directory).filter { $0.extension == nil }
        }
    }

    func flip(_ file: FilePath) throws {
        var bytes = try directory.fileSystem.contents(of: file, limit: 1 << 30)
        bytes[bytes.count / 3] ^= 0x10
        try directory.fileSystem.overwrite(file, contents: bytes)
    }

    func truncate(_ file: FilePath) throws {
        let bytes = try directory.fileSystem.contents(of: file, limit: 1 << 30)
        try directory.fileSystem.overwrite(file, contents: Array(bytes.prefix(bytes.count / 2)))
    }

    func quarantined(_ shards: [FilePath]) throws -> Int {
        let arrays = Set(shards.compactMap { directory.array(holding: $0) })
        return try arrays.map { $0.appending("bad") }.filter { try directory.fileSystem.isPresent($0) }
            .reduce(0) { try $0 + directory.fileSystem.names(in: $1).count }
    }
}

@Suite(.timeLimit(.minutes(120)))
struct HealingTests {
    @Test func `a campaign whose files are damaged between stages ends with the same numbers`() throws {
        let calm = try RealCampaign()
        let undisturbed = try calm.submit("study")
        #expect(try calm.end() == [undisturbed: .done])
        let numbers = try calm.numbers(of: undisturbed)

        let rough = try RealCampaign()
        let id = try rough.submit("study")
        let fileSystem = rough.directory.fileSystem
        var loop = try CoordinationLoop(rough.directory, content: NetworkCampaigns(rough.directory), logger: quiet)
        _ = try loop.step()
        try rough.work(kinds: ["activations"])
        let shards = try rough.shards("activations", of: id)
        #expect(shards.count == 4)
        try rough.flip(shards[0])
        try rough.truncate(shards[1])
        try fileSystem.remove(shards[2])
        for _ in 0..<5 {
            _ = try loop.step()
            try rough.work(kinds: ["activations", "gram"])
        }
        #expect(try rough.quarantined(shards) == 2)
        let grams = try rough.shards("gram", of: id)
        #expect(grams.count == 2)
        try rough.flip(grams[0])
        try fileSystem.remove(
            grams[1].removingLastComponent().removingLastComponent().removingLastComponent()
                .appending("means.json")
        )
        #expect(try rough.end() == [id: .done])
        #expect(try rough.quarantined(grams) == 1)
        #expect(try rough.numbers(of: id) == numbers)

        // Another campaign finds the arrays there, and damage in both stages.
        try rough.flip(grams[0])
        try fileSystem.remove(shards[3])
        try rough.flip(shards[0])
        let next = try rough.submit("again")
        #expect(try rough.end() == [id: .done, next: .done])
        #expect(try rough.quarantined(grams) == 2)
        #expect(try rough.numbers(of: next) == numbers)
    }
}
