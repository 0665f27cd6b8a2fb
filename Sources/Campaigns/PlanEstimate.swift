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
        func features(_ model: CampaignManifest.Model, _ layers: [String]) -> Int {
            layers.filter(model.layers.contains).reduce(0) { sum, layer in
                let row = model.array(of: layer).map { $0.rowShape.reduce(1, *) }
                return sum + (row ?? InceptionV1.layer(named: layer)?.featureCount ?? 0)
            }
        }
        let valueBytes = manifest.options.dtype == "float16" ? 2 : 4
        let activationBytes = models.reduce(0) { $0 + images * features($1, $1.layers) * valueBytes }
        let networks = models.filter { $0.network != nil && !$0.layers.isEmpty }
        var (gramBytes, seconds) = (0, Double(networks.count * images) / 75)
        if let comparison = manifest.comparison {
            let (n, epochs) = (comparison.imagesPerEpoch, comparison.epochs.count)
            let matrices = comparison.layers.reduce(0) { $0 + manifest.distinctModels(with: $1).count } * epochs
            gramBytes = matrices * n * n * 4
            let width = Double(models.reduce(0) { $0 + features($1, comparison.layers) } * epochs)
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
