// SPDX-License-Identifier: MIT

import JobStorage
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

/// A job directory, campaign files and images of one test.
struct Bench: ObservedQueue {
    let folder: TemporaryFolder
    var root: FilePath { folder.path }
    var queue: FilePath { root.appending("queue") }

    init() async throws {
        folder = try TemporaryFolder()
        try await succeed(Programs.coordinator, "init", folder.path.appending("queue").string)
    }

    /// Writes a file beside the job directory.
    @discardableResult
    func write(_ name: String, _ contents: [UInt8]) throws -> FilePath {
        let file = root.appending(name)
        try LocalFileSystem().makeDirectories(file.removingLastComponent())
        try LocalFileSystem().create(file, contents: contents, durably: false)
        return file
    }

    /// Writes a campaign file.
    @discardableResult
    func write(_ name: String, _ text: String) throws -> FilePath { try write(name, Array(text.utf8)) }

    /// Submits a campaign and gives its id.
    func submit(_ campaign: FilePath) async throws -> CampaignID {
        let result = try await succeed(Programs.coordinator, "submit", campaign.string, "--queue", queue.string)
        return try #require(CampaignID(result.line))
    }

    /// Starts a coordinator.
    func coordinator(localWorkers: Int = 0) throws -> RunningProgram {
        let options = ["run", "--queue", queue.string, "--local-workers", "\(localWorkers)"]
        return try RunningProgram(Programs.coordinator, options)
    }

    /// Starts a worker.
    func worker(_ options: String...) throws -> RunningProgram {
        try RunningProgram(Programs.worker, ["--queue", queue.string, "--until-empty", "--threads", "1"] + options)
    }

    /// The small images of the package, copied to where every job directory of a test may find them.
    static func copyImages(_ names: [String], to folder: FilePath) throws {
        try LocalFileSystem().makeDirectories(folder)
        for name in names {
            let bytes = try LocalFileSystem().contents(of: Package.images.appending(name), limit: 1 << 24)
            try LocalFileSystem().create(folder.appending(name), contents: bytes, durably: false)
        }
    }
}

/// Sixteen of the smallest images.
let smallImages = [
    "013_coins_gray_small.jpg", "014_tiny.jpg", "018_astronaut_q30.jpg", "020_rocket_224.jpg", "021_rocket.jpg",
    "029_hopper.jpg", "030_camera.jpg", "032_moon.jpg", "033_brick.jpg", "039_rocket.jpg", "041_ihc.jpg",
    "046_flower.jpg", "048_camera.jpg", "050_moon.jpg", "054_astronaut.jpg", "055_chelsea.jpg",
]

/// A campaign of two seeded networks that costs little and still has jobs of all kinds.
func smallCampaign(name: String = "small", images: FilePath) -> String {
    """
    name: \(name)
    models:
      one: {weights: "seeded:10"}
      two: {weights: "seeded:12"}
    dataset: {images: "\(images)"}
    cka: {layers: [mixed3a_1x1, mixed4a_3x3, logits], epochs: 2, iterations: 3, batch_size: 4}
    """
}
