// SPDX-License-Identifier: MIT

import JobStorage
import SystemPackage
import SystemSupport
import Testing

/// A campaign that is run where a file system or its network may fail: two networks and three layers, in jobs most of which
/// are as short as jobs are.
struct DistributedCampaign {
    /// As many jobs as it takes to be cut off in the middle of one of each kind.
    static let large = DistributedCampaign(epochs: 6)
    /// As few jobs as have work for two machines.
    static let small = DistributedCampaign(epochs: 3)
    /// Three hundred jobs.
    static let many = DistributedCampaign(epochs: 49)

    /// The files of its report that have the same bytes whatever happened.
    static let files = ["cka.json", "cka.csv", "cka.npy", "debiased.npy", "heatmaps/logits.png"]

    /// Its file, beside a folder of the small images.
    let text: String

    private let reports = Monitor<Task<[String: [UInt8]], any Error>?>(nil)

    private init(epochs: Int) {
        let text = """
            name: small
            models:
              one: {weights: "seeded:10"}
              two: {weights: "seeded:12"}
            dataset: {images: "images"}
            cka: {layers: [mixed3a_1x1, mixed4a_3x3, logits], epochs: \(epochs), iterations: 3, batch_size: 4}
            """
        self.text = text
    }

    /// The report of one worker on a local folder that nothing disturbs; made once, when it is first asked for.
    var undisturbed: [String: [UInt8]] {
        get async throws {
            let text = text
            let making = reports.withLock { reports in
                let making = reports ?? Task { try await Self.makeUndisturbed(text) }
                reports = making
                return making
            }
            return try await making.value
        }
    }

    private static func makeUndisturbed(_ text: String) async throws -> [String: [UInt8]] {
        let bench = try await Bench()
        try Bench.copyImages(smallImages, to: bench.root.appending("images"))
        let campaign = try await bench.submit(bench.write("small.yaml", text))
        let end = try await bench.coordinator(localWorkers: 1).result()
        try #require(end.exit == .code(0), "\(end)")
        return try report(of: campaign, in: bench)
    }

    static func report(of campaign: CampaignID, in queue: some ObservedQueue) throws -> [String: [UInt8]] {
        try Dictionary(uniqueKeysWithValues: files.map { ($0, try queue.report(campaign, $0)) })
    }
}
