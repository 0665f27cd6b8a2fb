// SPDX-License-Identifier: MIT

import JobStorage
import SystemPackage
import SystemSupport
import Testing

/// The campaign that is run where a file system or its network may fail.
enum DistributedCampaign {
    /// Two networks, three layers and six epochs: some dozens of jobs, most of them as short as jobs are.
    static let text = """
        name: small
        models:
          one: {weights: "seeded:10"}
          two: {weights: "seeded:12"}
        dataset: {images: "images"}
        cka: {layers: [mixed3a_1x1, mixed4a_3x3, logits], epochs: 6, iterations: 3, batch_size: 4}
        """

    /// The files of its report that have the same bytes whatever happened.
    static let files = ["cka.json", "cka.csv", "cka.npy", "debiased.npy", "heatmaps/logits.png"]

    /// The report of one worker on a local folder that nothing disturbs.
    static let undisturbed = Task {
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
