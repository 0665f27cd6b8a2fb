// SPDX-License-Identifier: MIT

private import Networks

/// What a campaign will cost, before anything is computed.
public struct PlanEstimate: Equatable, Sendable {
    /// Jobs by kind.
    public let jobs: [String: Int]
    /// Bytes of activations and Gram matrices, before compression.
    public let bytes: Int
    /// Seconds of work on one core of a current server.
    public let seconds: Double

    /// Estimates from sizes and from the rates of one core: 75 images and 200 GF of products a second, 1 GB read a second;
    /// pictures by `PictureCost`.
    public init(_ manifest: CampaignManifest, jobs: [String: Int]) {
        self.jobs = jobs
        let images = manifest.images?.count ?? 0
        let models = manifest.distinctModels
        func features(_ layers: [String]) -> Int {
            layers.compactMap { InceptionV1.layer(named: $0)?.featureCount }.reduce(0, +)
        }
        let valueBytes = manifest.options.dtype == "float16" ? 2 : 4
        let activationBytes = models.reduce(0) { $0 + images * features($1.layers) * valueBytes }
        var (gramBytes, seconds) = (0, Double(models.filter { !$0.layers.isEmpty }.count * images) / 75)
        if let comparison = manifest.comparison {
            let (n, epochs) = (comparison.imagesPerEpoch, comparison.epochs.count)
            gramBytes = models.count * comparison.layers.count * epochs * n * n * 4
            let width = Double(features(comparison.layers)) * Double(models.count * epochs)
            seconds += width * Double(n) * Double(n) / 200e9
            seconds += (width * Double(n) * 4 + Double(gramBytes)) / 1e9
        }
        for job in CampaignPlan.lucidJobs(manifest) {
            let pictures = max(1, job.neurons.count) * job.settings.diversity
            seconds += Double(pictures) * PictureCost(job.settings, layer: job.layer).seconds
        }
        bytes = activationBytes + gramBytes
        self.seconds = seconds
    }
}
