// SPDX-License-Identifier: MIT

public import JobStorage
private import Networks
private import SystemSupport

/// Turns a campaign into jobs; the same campaign gives the same jobs anywhere.
public enum CampaignPlan {
    /// The bytes of Gram matrices that one `hsic` job should read.
    static let bytesPerHSICJob = 2 << 30
    /// The bytes of sums that one `hsic` job should give.
    static let sumsPerHSICJob = 64 << 20
    /// The most Gram matrices that one `hsic` job names, so that its file stays small.
    static let matricesPerHSICJob = 2048
    /// The most jobs in a bucket.
    static let bucketSize = 1000
    /// The most buckets of a campaign, whose names have five digits.
    static let bucketLimit = 100_000

    /// The jobs, in buckets that wait for what they read.
    ///
    /// - Throws: `PlanError`, which no manifest of ours causes, or an error of encoding.
    public static func make(_ manifest: CampaignManifest) throws -> JobPlan {
        guard manifest.distinctModels.count <= matricesPerHSICJob else {
            throw CampaignError("a campaign compares at most \(matricesPerHSICJob) networks; split it into several")
        }
        guard let campaign = CampaignID(manifest.campaign) else {
            throw CampaignError("\"\(manifest.campaign)\" is not the id of a campaign")
        }
        var buckets = Buckets(manifest)
        var gramBuckets: [BucketName] = []
        for model in manifest.distinctModels {
            let activations =
                try buckets.append(activationsJobs(manifest, model), after: [])
                + buckets.append(importJobs(manifest, model), after: [])
            gramBuckets += try buckets.append(gramJobs(manifest, model), after: activations)
            _ = try buckets.append(exemplarsJobs(manifest, model), after: activations)
        }
        if let comparison = manifest.comparison {
            let jobs = try distinctEpochs(comparison).flatMap { try hsicJobs(manifest, epoch: $0) }
            _ = try buckets.append(jobs, after: gramBuckets)
        }
        _ = try buckets.append(lucidJobs(manifest), after: [])
        return try JobPlan(campaign: campaign, buckets: buckets.all)
    }

    private static func activationsJobs(
        _ manifest: CampaignManifest,
        _ model: CampaignManifest.Model
    ) -> [ActivationsPayload] {
        guard let images = manifest.images, let network = model.network, !model.layers.isEmpty else { return [] }
        let targets = model.layers.map {
            ActivationsPayload.Target(layer: $0, array: manifest.activations(of: model, layer: $0, images))
        }
        return (0..<images.shardCount).map { shard in
            ActivationsPayload(
                weights: network.weights,
                batchNorm: network.batchNorm,
                images: images.list,
                imageSet: images.contents,
                imageCount: images.count,
                decodingBytes: images.decodingBytes,
                shardRows: images.shardRows,
                shard: shard,
                targets: targets,
                options: manifest.options,
                limits: images.limits,
                instructions: manifest.pinnedInstructions
            )
        }
    }

    private static func importJobs(
        _ manifest: CampaignManifest,
        _ model: CampaignManifest.Model
    ) -> [ImportPayload] {
        guard let images = manifest.images else { return [] }
        return (model.arrays ?? []).flatMap { array in
            (0..<images.shardCount).map { shard in
                ImportPayload(
                    source: array.source,
                    rows: array.rows,
                    count: images.count,
                    rowShape: array.rowShape,
                    layer: array.layer,
                    array: manifest.activations(of: model, layer: array.layer, images),
                    images: images.list,
                    shardRows: images.shardRows,
                    shard: shard,
                    options: manifest.options
                )
            }
        }
    }

    private static func gramJobs(_ manifest: CampaignManifest, _ model: CampaignManifest.Model) -> [GramPayload] {
        guard let images = manifest.images, let comparison = manifest.comparison else { return [] }
        return distinctEpochs(comparison).flatMap { epoch in
            comparison.layers.filter(model.layers.contains).flatMap { layer in
                (0..<GramLayout.panels(of: comparison.imagesPerEpoch)).map { panel in
                    GramPayload(
                        activations: manifest.activations(of: model, layer: layer, images),
                        rows: epoch.rows,
                        count: comparison.imagesPerEpoch,
                        gram: manifest.gram(of: model, layer: layer, epoch: epoch, images),
                        panel: panel,
                        options: manifest.options,
                        instructions: manifest.pinnedInstructions
                    )
                }
            }
        }
    }

    /// The `hsic` jobs of an epoch: some layers each, and of those some groups of rows, in order.
    ///
    /// - Throws: `CampaignError` for a manifest that compares without images.
    public static func hsicJobs(
        _ manifest: CampaignManifest,
        epoch: CampaignManifest.Epoch
    ) throws(CampaignError) -> [HSICPayload] {
        guard let images = manifest.images, let comparison = manifest.comparison else {
            throw CampaignError("networks are compared by images")
        }
        let models = manifest.distinctModels
        let layersAtOnce = max(1, matricesPerHSICJob / max(1, models.count))
        return stride(from: 0, to: comparison.layers.count, by: layersAtOnce).flatMap { start in
            let layers = comparison.layers[start..<min(start + layersAtOnce, comparison.layers.count)]
            let blocks = layers.map { layer in
                HSICPayload.Block(
                    layer: layer,
                    grams: models.filter { $0.layers.contains(layer) }.map {
                        manifest.gram(of: $0, layer: layer, epoch: epoch, images)
                    }
                )
            }
            let matrices = blocks.reduce(0) { $0 + $1.grams.count }
            return hsicJobs(blocks, matrices: matrices, manifest, epoch.groups)
        }
    }

    private static func hsicJobs(
        _ blocks: [HSICPayload.Block],
        matrices: Int,
        _ manifest: CampaignManifest,
        _ groups: [[Int]]
    ) -> [HSICPayload] {
        let images = manifest.comparison?.imagesPerEpoch ?? 0
        let reading = matrices * images * images * 4 / bytesPerHSICJob
        let writing = matrices * images * groups.count * 8 / sumsPerHSICJob
        let jobs = max(1, min(groups.count, max(reading, writing)))
        let bounds = (0...jobs).map { $0 * groups.count / jobs }
        return zip(bounds, bounds.dropFirst()).map { start, end in
            HSICPayload(
                count: images,
                groups: Array(groups[start..<end]),
                blocks: blocks,
                instructions: manifest.pinnedInstructions
            )
        }
    }

    private static func distinctEpochs(_ comparison: CampaignManifest.Comparison) -> [CampaignManifest.Epoch] {
        var seen: Set<String> = []
        return comparison.epochs.filter { seen.insert($0.rows.hexadecimal).inserted }
    }

    private struct Buckets {
        let manifest: CampaignManifest
        var all: [JobPlan.Bucket] = []
        /// Models with an array in common ask for the same jobs.
        private var known: Set<JobID> = []

        init(_ manifest: CampaignManifest) {
            self.manifest = manifest
        }

        /// Adds jobs of one stage, a thousand a bucket; the names of the buckets that were made.
        mutating func append<Payload: JobPayload>(
            _ payloads: [Payload],
            after dependencies: [BucketName]
        ) throws -> [BucketName] {
            let new = try payloads.map { try manifest.job($0) }.filter { known.insert($0.id).inserted }
            var names: [BucketName] = []
            for start in stride(from: 0, to: new.count, by: CampaignPlan.bucketSize) {
                guard all.count < CampaignPlan.bucketLimit else {
                    throw CampaignError("the campaign has too many jobs; split its epochs or layers over several")
                }
                let name = BucketName(number: all.count)
                all.append(
                    JobPlan.Bucket(
                        name: name,
                        kind: Payload.kind,
                        priority: manifest.priority,
                        dependsOn: dependencies,
                        jobs: Array(new[start..<min(start + CampaignPlan.bucketSize, new.count)])
                    )
                )
                names.append(name)
            }
            return names
        }
    }
}
