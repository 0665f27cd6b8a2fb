// SPDX-License-Identifier: MIT

internal import Campaigns
private import FeatureVisualization
internal import JobKinds
internal import JobStorage
internal import Reports

/// What a campaign's atlas is made of: which jobs give which pictures, and what their files are called.
struct AtlasContent {
    /// The atlas's folder, below that of reports.
    static let folder = "atlas"

    /// A job, and the names of the models whose pictures it makes.
    struct Job {
        let job: JobSpecification
        let payload: LucidPayload
        let models: [String]

        var layer: String { payload.layer }
    }

    /// One model's layer, which has a sheet.
    struct SheetKey: Hashable, Comparable {
        let model: String
        let layer: String

        static func < (one: SheetKey, other: SheetKey) -> Bool {
            (one.model, one.layer) < (other.model, other.layer)
        }
    }

    /// The jobs, in the plan's order.
    let jobs: [Job]

    private let manifest: CampaignManifest
    private let pictures: CampaignManifest.Pictures

    var campaign: String { manifest.campaign }
    private var settings: PictureSettings { pictures.settings }
    /// The steps of a finished picture.
    var steps: Int { settings.steps }

    /// Lists what a campaign asks for; nil where that is no pictures.
    init?(_ manifest: CampaignManifest) throws {
        guard let pictures = manifest.pictures else { return nil }
        self.manifest = manifest
        self.pictures = pictures
        jobs = try CampaignPlan.lucidJobs(manifest).map { payload in
            let models = manifest.models.filter {
                pictures.models.contains($0.name) && $0.weights == payload.weights && $0.batchNorm == payload.batchNorm
            }
            let job = JobSpecification(
                kind: LucidPayload.kind,
                payload: try payload.encoded(),
                priority: manifest.priority
            )
            return Job(job: job, payload: payload, models: models.map(\.name))
        }
    }

    /// The neurons of a layer that are pictured; nil alone for a direction.
    func channels(of layer: String) -> [Int?] {
        guard pictures.direction == nil else { return [nil] }
        return pictures.neurons.first { $0.layer == layer }?.neurons ?? []
    }

    // MARK: One picture

    /// Whether a result has the pictures that its job asks for, each with its stages or with the reason that there are none.
    func isAnswer(_ file: LucidResultFile, to job: Job) -> Bool {
        let neurons: [Int?] = pictures.direction == nil ? job.payload.neurons : [nil]
        let wanted = neurons.flatMap { neuron in (0..<settings.diversity).map { (neuron, $0) } }
        guard wanted.count == file.pictures.count else { return false }
        return zip(wanted, file.pictures).allSatisfy { wanted, picture in
            let reached = picture.stages.map(\.threshold)
            let isComplete = picture.error == nil ? reached == settings.thresholds : reached.count < settings.thresholds.count
            return wanted == (picture.neuron, picture.variant) && isComplete && settings.thresholds.starts(with: reached)
        }
    }

    /// The files of a picture: one for each threshold where there are several, and one for the last.
    func files(of picture: LucidResultFile.Picture, model: String, layer: String) -> [(name: String, png: [UInt8])] {
        let folder = "\(model)/\(layer)"
        var files: [(name: String, png: [UInt8])] = []
        for stage in picture.stages {
            if settings.thresholds.count > 1 {
                files.append(("\(folder)/\(stem(picture))-t\(stage.threshold).png", stage.png))
            }
            if stage.threshold == steps { files.append(("\(folder)/\(stem(picture)).png", stage.png)) }
        }
        return files
    }

    /// The entries of a picture in the index: one for each threshold that was asked for.
    func entries(for picture: LucidResultFile.Picture, model: String, layer: String) -> [AtlasPicture] {
        settings.thresholds.map { threshold in
            let stage = picture.stages.first { $0.threshold == threshold }
            let name = stem(picture) + (threshold == steps ? "" : "-t\(threshold)")
            return AtlasPicture(
                model: model,
                layer: layer,
                channel: picture.neuron,
                variant: settings.diversity == 1 ? nil : picture.variant,
                threshold: threshold,
                steps: min(threshold, picture.trace.count),
                seed: Int(clamping: settings.seed),
                file: stage == nil ? nil : "\(model)/\(layer)/\(name).png",
                objective: stage?.objective,
                trace: Array(picture.trace.prefix(threshold)),
                error: stage == nil ? picture.error ?? "it was not kept" : nil,
                signature: stage.flatMap { try? PictureThumbnail(png: $0.png).signature }
            )
        }
    }

    /// Whether a picture stands for its neuron on the sheet: the last threshold's, and the first of several that differ.
    func isOnSheet(_ picture: AtlasPicture) -> Bool { picture.threshold == steps && (picture.variant ?? 0) == 0 }

    /// The name of a picture's file without its ending: the channel in four digits, and the number among several.
    private func stem(_ picture: LucidResultFile.Picture) -> String {
        let channel = picture.neuron.map { neuron in
            let digits = String(neuron)
            return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        }
        return (channel ?? "direction") + (settings.diversity == 1 ? "" : "-d\(picture.variant)")
    }

    // MARK: All of them

    /// The atlas of the pictures so far.
    func atlas(_ pictures: [AtlasPicture]) -> Atlas {
        let neurons = jobs.reduce(0) { $0 + max(1, $1.payload.neurons.count) * $1.models.count }
        return Atlas(
            campaign: manifest.campaign,
            models: self.pictures.models,
            layers: self.pictures.neurons.map(\.layer),
            parameters: parameters,
            expected: neurons * settings.diversity * settings.thresholds.count,
            pictures: pictures,
            exemplars: []
        )
    }

    private var parameters: [Atlas.Parameter] {
        [
            Atlas.Parameter("objective", settings.objective.rawValue),
            Atlas.Parameter("size", "\(settings.size)"),
            Atlas.Parameter("thresholds", settings.thresholds.map(String.init).joined(separator: ", ")),
            Atlas.Parameter("transforms", settings.transforms.rawValue),
            Atlas.Parameter("compat", settings.compatibility.rawValue),
            Atlas.Parameter("diversity", "\(settings.diversity)"),
            Atlas.Parameter("seed", "\(settings.seed)"),
            Atlas.Parameter("reproducible", "\(manifest.reproducible)"),
        ]
    }
}
