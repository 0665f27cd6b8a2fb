// SPDX-License-Identifier: MIT

private import Networks

extension CampaignPlan {
    /// The seconds of one core that a job of pictures should take: two to five minutes of a worker with two threads.
    static let secondsPerLucidJob = 480.0
    /// The most neurons of one job, so that a result stays small and a job that is lost costs little.
    static let neuronsPerLucidJob = 64

    /// The bytes of pictures that one job should keep until it ends.
    static let bytesPerLucidJob = 128 << 20

    /// The jobs that make a campaign's pictures, some neurons of one layer of one network each.
    ///
    /// The same network under two names is pictured once.
    public static func lucidJobs(_ manifest: CampaignManifest) -> [LucidPayload] {
        guard let pictures = manifest.pictures else { return [] }
        let wanted = manifest.distinctModels.filter { model in
            manifest.models.contains { pictures.models.contains($0.name) && $0.isSame(as: model) }
        }
        return wanted.flatMap { model in
            pictures.neurons.flatMap { lucidJobs(of: $0, model, pictures, manifest) }
        }
    }

    /// The jobs of one layer of one network.
    public static func lucidJobs(
        of layer: Campaign.Pictures.Neurons,
        _ model: CampaignManifest.Model,
        _ pictures: CampaignManifest.Pictures,
        _ manifest: CampaignManifest
    ) -> [LucidPayload] {
        guard let network = model.network else { return [] }
        func job(_ neurons: [Int]) -> LucidPayload {
            LucidPayload(
                weights: network.weights,
                batchNorm: network.batchNorm,
                layer: layer.layer,
                neurons: neurons,
                direction: pictures.direction,
                settings: pictures.settings,
                instructions: manifest.pinnedInstructions
            )
        }
        guard pictures.direction == nil else { return [job([])] }
        let size = neuronsPerJob(pictures.settings, layer: layer.layer)
        return stride(from: 0, to: layer.neurons.count, by: size).map { start in
            job(Array(layer.neurons[start..<min(start + size, layer.neurons.count)]))
        }
    }

    /// The jobs that find images for a network's pictured neurons, for those layers whose activations the campaign makes.
    public static func exemplarsJobs(
        _ manifest: CampaignManifest,
        _ model: CampaignManifest.Model
    ) -> [ExemplarsPayload] {
        guard let pictures = manifest.pictures, let images = manifest.images,
            manifest.models.contains(where: { pictures.models.contains($0.name) && $0.isSame(as: model) })
        else { return [] }
        return pictures.neurons.filter { model.layers.contains($0.layer) }.map { layer in
            ExemplarsPayload(
                activations: manifest.activations(of: model, layer: layer.layer, images),
                layer: layer.layer,
                neurons: layer.neurons,
                direction: pictures.direction,
                objective: pictures.settings.objective,
                images: images.list,
                imageCount: images.count,
                decodingBytes: images.decodingBytes,
                limits: images.limits,
                instructions: manifest.pinnedInstructions
            )
        }
    }

    /// How many neurons one job has: an even number of whole batches, so that two threads end together, or one batch.
    static func neuronsPerJob(_ settings: PictureSettings, layer: String) -> Int {
        let batch = CompiledNetwork.batchSize / settings.diversity
        let fitting = secondsPerLucidJob / (PictureCost(settings, layer: layer).seconds * Double(settings.diversity))
        let keepable = bytesPerLucidJob / (settings.diversity * settings.keptByteCount)
        let batches = min(neuronsPerLucidJob, keepable, Int(min(fitting, 1e6))) / batch
        return batch * max(1, batches < 2 ? batches : batches / 2 * 2)
    }
}

extension LucidPayload {
    /// The network that is pictured.
    public var network: CampaignManifest.Model.Network {
        CampaignManifest.Model.Network(weights: weights, batchNorm: batchNorm)
    }
}

/// What a picture costs, from sizes alone and never from the machine that plans, so that a campaign makes the same jobs anywhere.
struct PictureCost {
    /// Seconds of one core of a processor with AVX2: 100 GF a second forward and back, 4 ms a step for the
    /// picture itself, and 10 ms for a file.
    let seconds: Double

    init(_ settings: PictureSettings, layer name: String) {
        let scale = Double(settings.size * settings.size) / Double(InceptionV1.inputSide * InceptionV1.inputSide)
        let operations = Double(InceptionV1.operations(upTo: name))
        let steps = Double(settings.steps) * (2 * operations / 100e9 + 4e-3)
        seconds = scale * (steps + Double(settings.thresholds.count) * (operations / 100e9 + 10e-3))
    }
}
