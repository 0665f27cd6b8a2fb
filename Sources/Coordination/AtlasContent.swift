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

    /// A job that makes pictures, and the names of the models that it makes them for.
    struct PicturesJob {
        let job: JobSpecification
        let payload: LucidPayload
        let models: [String]

        var layer: String { payload.layer }
    }

    /// A job that finds images, and the names of the models that it finds them for.
    struct ExemplarsJob {
        let job: JobSpecification
        let payload: ExemplarsPayload
        let models: [String]
    }

    /// One model's layer, which has a sheet.
    struct SheetKey: Hashable, Comparable {
        let model: String
        let layer: String

        static func < (one: SheetKey, other: SheetKey) -> Bool {
            (one.model, one.layer) < (other.model, other.layer)
        }
    }

    /// The jobs whose results the atlas is made of.
    let sources: [AtlasSource]
    /// How many pictures there will be, those that failed counted.
    let expected: Int

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
        func names(_ isMeant: (CampaignManifest.Model) -> Bool) -> [String] {
            manifest.models.filter { pictures.models.contains($0.name) && isMeant($0) }.map(\.name)
        }
        let jobs = try CampaignPlan.lucidJobs(manifest).map { payload in
            let models = names { $0.network == payload.network }
            return PicturesJob(job: try manifest.job(payload), payload: payload, models: models)
        }
        let exemplarsJobs = try manifest.distinctModels.flatMap { model in
            let models = names { $0.isSame(as: model) }
            return try CampaignPlan.exemplarsJobs(manifest, model).map { payload in
                ExemplarsJob(job: try manifest.job(payload), payload: payload, models: models)
            }
        }
        sources = exemplarsJobs.map { .exemplars($0) } + jobs.map { .pictures($0) }
        let neurons = jobs.reduce(0) { $0 + max(1, $1.payload.neurons.count) * $1.models.count }
        expected = neurons * pictures.settings.diversity * pictures.settings.thresholds.count
    }

    /// The neurons of a layer that are pictured; nil alone for a direction.
    func channels(of layer: String) -> [Int?] {
        guard pictures.direction == nil else { return [nil] }
        return pictures.neurons.first { $0.layer == layer }?.neurons ?? []
    }

    // MARK: One picture

    /// Whether a result has the pictures that its job asks for, each with its stages or with the reason that there are none.
    func isAnswer(_ file: LucidResultFile, to job: PicturesJob) -> Bool {
        let neurons: [Int?] = pictures.direction == nil ? job.payload.neurons : [nil]
        let wanted = neurons.flatMap { neuron in (0..<settings.diversity).map { (neuron, $0) } }
        guard wanted.count == file.pictures.count else { return false }
        return zip(wanted, file.pictures).allSatisfy { wanted, picture in
            let reached = picture.stages.map(\.threshold)
            let isComplete =
                picture.error == nil ? reached == settings.thresholds : reached.count < settings.thresholds.count
            return wanted == (picture.neuron, picture.variant) && isComplete
                && settings.thresholds.starts(with: reached)
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
        // Of the thresholds' traces each is a part of the same memory.
        let trace = picture.trace.map { Float(max(-limit, min(limit, $0))) }
        return settings.thresholds.map { threshold in
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
                trace: trace.prefix(threshold),
                error: stage == nil ? picture.error ?? "it was not kept" : nil,
                signature: isCompared ? stage.flatMap { try? PictureThumbnail(png: $0.png).signature } : nil
            )
        }
    }

    /// Whether pictures of several models are held against one another.
    private var isCompared: Bool { pictures.models.count > 1 }
    /// What a trace keeps of numbers that only double precision holds.
    private var limit: Double { Double(Float.greatestFiniteMagnitude) }

    /// Whether a picture stands for its neuron on the sheet: the last threshold's, and the first of several that differ.
    func isOnSheet(_ picture: AtlasPicture) -> Bool { picture.threshold == steps && (picture.variant ?? 0) == 0 }

    /// The name of a picture's file without its ending: the channel in four digits, and the number among several.
    private func stem(_ picture: LucidResultFile.Picture) -> String {
        let channel = picture.neuron.map { padded($0, to: 4) }
        return (channel ?? "direction") + (settings.diversity == 1 ? "" : "-d\(picture.variant)")
    }

    // MARK: Images of the data set

    /// The file of an image's small copy.
    func file(of image: ExemplarsResultFile.Image) -> (name: String, png: [UInt8]) {
        (Self.imageFile(image.row), image.png)
    }

    /// The entries of a result in the index.
    func entries(for file: ExemplarsResultFile, of job: ExemplarsJob) -> [Exemplar] {
        let names = Dictionary(file.images.map { ($0.row, $0.name) }) { first, _ in first }
        return job.models.flatMap { model in
            file.neurons.flatMap { neuron in
                neuron.exemplars.enumerated().map { rank, exemplar in
                    Exemplar(
                        model: model,
                        layer: job.payload.layer,
                        channel: neuron.neuron,
                        rank: rank,
                        image: names[exemplar.row] ?? "",
                        row: exemplar.row,
                        value: exemplar.value,
                        file: Self.imageFile(exemplar.row)
                    )
                }
            }
        }
    }

    /// Whether a result has the neurons that its job asks for.
    func isAnswer(_ file: ExemplarsResultFile, to job: ExemplarsJob) -> Bool {
        file.neurons.map(\.neuron) == (pictures.direction == nil ? job.payload.neurons : [nil])
    }

    private static func imageFile(_ row: Int) -> String {
        "images/\(padded(row, to: 6)).png"
    }

    // MARK: All of them

    /// The atlas of what is there so far.
    func atlas(_ pictures: [AtlasPicture], _ exemplars: [Exemplar], _ ending: Atlas.Ending?) -> Atlas {
        Atlas(
            campaign: manifest.campaign,
            models: self.pictures.models,
            layers: self.pictures.neurons.map(\.layer),
            parameters: parameters,
            expected: expected,
            ending: ending,
            pictures: pictures,
            exemplars: exemplars
        )
    }

    private var parameters: [Atlas.Parameter] {
        let direction = pictures.direction.map { Atlas.Parameter("direction", .text("\($0)")) }
        return [Atlas.Parameter("objective", .text(settings.objective.rawValue))] + (direction.map { [$0] } ?? []) + [
            Atlas.Parameter("size", .number(settings.size)),
            Atlas.Parameter("thresholds", .numbers(settings.thresholds)),
            Atlas.Parameter("transforms", .text(settings.transforms.rawValue)),
            Atlas.Parameter("compat", .text(settings.compatibility.rawValue)),
            Atlas.Parameter("diversity", .number(settings.diversity)),
            Atlas.Parameter("seed", .number(Int(clamping: settings.seed))),
            Atlas.Parameter("reproducible", .truth(manifest.reproducible)),
        ]
    }
}

/// A number with zeros in front of it.
private func padded(_ number: Int, to count: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, count - digits.count)) + digits
}
