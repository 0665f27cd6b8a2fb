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

    /// Estimates from sizes and from the rates of one core: 75 images and 200 GF of products a second, 1 GB read a second.
    public init(_ manifest: CampaignManifest, jobs: [String: Int]) {
        self.jobs = jobs
        let features = manifest.layers.compactMap { InceptionV1.layer(named: $0)?.featureCount }.reduce(0, +)
        let models = manifest.distinctModels.count
        let (n, epochs) = (manifest.imagesPerEpoch, manifest.epochs.count)
        let activationBytes = models * manifest.imageCount * features * (manifest.options.dtype == "float16" ? 2 : 4)
        let gramBytes = models * manifest.layers.count * epochs * n * n * 4
        bytes = activationBytes + gramBytes
        let forward = Double(models * manifest.imageCount) / 75
        let products = Double(models * epochs) * Double(n) * Double(n) * Double(features) / 200e9
        let reading = Double(models * epochs * n) * Double(features) * 4 / 1e9 + Double(gramBytes) / 1e9
        seconds = forward + products + reading
    }
}
