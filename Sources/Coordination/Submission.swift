// SPDX-License-Identifier: MIT

public import Campaigns
public import HTTPTransfer
private import JobKinds
public import JobStorage
private import Networks
public import SystemPackage
private import SystemSupport

/// A campaign that was checked as a whole and can be published.
public struct Submission: Sendable {
    /// Its id.
    public let campaign: CampaignID
    /// Its jobs.
    public let plan: JobPlan
    /// What it will cost.
    public let estimate: PlanEstimate
    /// How many images its epochs draw.
    public let imageCount: Int
    /// How many images of its data set were left out because they cannot be read.
    public var skippedCount: Int { manifest.images?.dataset?.skipped ?? 0 }
    /// How many images have faults in their files although all their pixels are there.
    public let faultyCount: Int
    /// What the user should know.
    public let warnings: [String]

    private let manifest: CampaignManifest
    private let source: [UInt8]
    private let weights: [ContentDigest: [UInt8]]
    private let lists: [ContentDigest: [UInt8]]

    /// What is being done, for people who wait: a few words, how much is done, and how much there is.
    public typealias ProgressReport = @Sendable (_ what: String, _ done: Int, _ total: Int) -> Void

    /// Reads a campaign file and everything that it names.
    ///
    /// - Parameters:
    ///   - file: the campaign file.
    ///   - threads: how many threads may decode images.
    ///   - isDryRun: whether nothing is written, not even a list of images beside the campaign file.
    ///   - published: where what was published comes from; nil where nothing is to be fetched.
    ///   - client: what reads arrays that are named by an address.
    ///   - onProgress: is told how far the check is.
    /// - Throws: `SubmissionError` for anything that is wrong with what was asked.
    public init(
        of file: FilePath,
        threads: Int,
        isDryRun: Bool = false,
        published: CachedCatalogue? = nil,
        client: WebClient = WebClient(.standard),
        onProgress: @escaping ProgressReport
    ) throws {
        source = try Self.contents(of: file)
        let asked: Campaign
        do throws(CampaignError) {
            asked = try CampaignFile.parse(source)
        } catch {
            guard let line = error.line else { throw SubmissionError("\(file): \(error.message)") }
            throw SubmissionError(file, line: line, column: error.column ?? 1, error.message)
        }

        var lists: [ContentDigest: [UInt8]] = [:]
        func keep(_ bytes: [UInt8]) -> ContentDigest {
            let digest = ContentDigest(of: bytes)
            lists[digest] = bytes
            return digest
        }
        var warnings: [String] = []
        let longLists = LongLists(beside: file, isWriting: !isDryRun)
        longLists.removeOld()
        let arrays = try ArraySelection(asked, file: file, client: client)
        let images = try ImageSelection(
            asked,
            file: file,
            threads: threads,
            published: published,
            arrays: arrays,
            lists: longLists,
            onProgress: onProgress
        )
        warnings += images?.warnings ?? []
        faultyCount = images?.faultyCount ?? 0
        if images == nil, asked.dataset != nil {
            warnings.append("no image is needed, so the data set is not looked at")
        }
        let pictures = try PictureSelection(asked, file: file)
        if let needed = asked.lucid?.settings.workerBytes, needed > Self.usualWorkerBytes {
            warnings.append("these pictures need workers with --memory \(ByteCount(needed).argument) or so")
        }

        warnings += asked.idleModels.map { name in
            "nothing is computed of \"\(name)\": no pair that has a layer in common names it, and neither pictures nor "
                + "activations are asked of it"
        }
        let compared = try images.map {
            try arrays.models(of: $0, threads: threads, keep: keep, onProgress: onProgress)
        }
        warnings += compared?.warnings ?? []
        let (models, weights, remarks) = try Self.models(
            asked,
            file,
            arrays: compared?.models ?? [:],
            published ?? NoPublishedModels(),
            onProgress
        )
        self.weights = weights
        self.warnings = warnings + remarks

        campaign = try Self.identify(asked, models, images, direction: pictures?.direction)
        manifest = CampaignManifest(
            campaign: campaign.description,
            models: models,
            images: images?.described(keep),
            comparison: images?.comparison(asked, keep),
            pictures: pictures?.described(keep),
            options: asked.arrays,
            priority: asked.priority,
            reproducible: asked.reproducible ?? false
        )
        self.lists = lists
        imageCount = manifest.images?.count ?? 0
        plan = try CampaignPlan.make(manifest)
        let jobs = Dictionary(plan.buckets.map { ($0.kind, $0.jobs.count) }, uniquingKeysWith: +)
        estimate = PlanEstimate(manifest, jobs: jobs)
    }

    /// The models in the campaign's order, the files of the networks' weights, and what the user should know of them.
    private static func models(
        _ asked: Campaign,
        _ file: FilePath,
        arrays: [String: CampaignManifest.Model],
        _ published: any ModelCatalogue,
        _ onProgress: ProgressReport
    ) throws -> (models: [CampaignManifest.Model], weights: [ContentDigest: [UInt8]], remarks: [String]) {
        var loading = ModelLoading(asked, file: file, published: published)
        var weights: [ContentDigest: [UInt8]] = [:]
        var models: [CampaignManifest.Model] = []
        let activationLayers = asked.activationLayers
        for (number, model) in asked.models.enumerated() {
            onProgress("loading models", number, asked.models.count)
            if model.arrays != nil {
                models.append(arrays[model.name] ?? CampaignManifest.Model(name: model.name, arrays: []))
                continue
            }
            let layers = activationLayers[model.name] ?? []
            let isComputed = !layers.isEmpty || asked.lucid?.models.contains(model.name) == true
            let tensors = isComputed ? try loading.finiteWeights(of: model) : try loading.weights(of: model.name)
            let bytes = tensors.cacheFile()
            let network = CampaignManifest.Model.Network(
                weights: ContentDigest(of: bytes),
                batchNorm: model.batchNorm
            )
            weights[network.weights] = bytes
            models.append(
                CampaignManifest.Model(name: model.name, network: network, layers: layers)
            )
        }
        onProgress("loading models", models.count, models.count)
        return (models, weights, loading.remarks)
    }

    /// The memory that a worker keeps to where it is not told otherwise.
    static let usualWorkerBytes = 1 << 30

    private static func contents(of file: FilePath) throws -> [UInt8] {
        do throws(FileError) {
            return try LocalFileSystem().contents(ofUserFile: file, limit: CampaignFile.byteLimit)
        } catch {
            guard error.errno == .fileTooLarge else { throw SubmissionError("\(error)") }
            throw SubmissionError("\(file): a campaign file has at most \(CampaignFile.byteLimit) bytes")
        }
    }

    /// The id: the name, and the digest of all that was asked and of every file that it names.
    private static func identify(
        _ asked: Campaign,
        _ models: [CampaignManifest.Model],
        _ images: ImageSelection?,
        direction: [UInt8]?
    ) throws -> CampaignID {
        let parts =
            [String(decoding: try canonicalJSON(asked), as: UTF8.self)] + models.flatMap(\.contents)
            + (images.map { [$0.digest.hexadecimal] } ?? [])
            + (direction.map { [ContentDigest(of: $0).hexadecimal] } ?? [])
        guard let id = CampaignID(name: asked.name, digest: ContentDigest(of: parts.joined(separator: "\n"))) else {
            throw SubmissionError("\"\(asked.name)\" is not a name")
        }
        return id
    }

    /// The plan for people: jobs by kind, images, bytes and time.
    public var description: [String] {
        let jobs = estimate.jobs.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        let cores = processorCount()
        let networks = manifest.distinctModels.filter { $0.network != nil }.count
        let others = manifest.distinctModels.count - networks
        var parts = [counted(networks, "network")] + (others == 0 ? [] : ["\(others) of other programs' arrays"])
        if let comparison = manifest.comparison {
            parts += [
                counted(comparison.layers.count, "layer"), counted(comparison.pairs.count, "pair"),
                "\(counted(comparison.epochs.count, "epoch")) of \(counted(comparison.imagesPerEpoch, "image"))",
            ]
        }
        if let pictures = manifest.pictures {
            let neurons = pictures.neurons.reduce(0) { $0 + max(1, $1.neurons.count) }
            let settings = pictures.settings
            let count = neurons * pictures.models.count * settings.diversity * settings.thresholds.count
            let extent = settings.thresholds.count == 1 ? "of" : "of up to"
            parts.append("\(counted(count, "picture")) \(extent) \(counted(settings.steps, "step"))")
        }
        let skipped =
            (skippedCount == 0 ? "" : ", \(skippedCount) skipped")
            + (faultyCount == 0 ? "" : ", \(faultyCount) with faults")
        let sizes =
            imageCount == 0 ? "" : "images: \(imageCount)\(skipped); arrays: at most \(ByteCount(estimate.bytes)); "
        return [
            "\(campaign): \(parts.joined(separator: ", "))",
            "jobs: \(jobs)",
            sizes + "work: about \(TimeSpan(.seconds(Int(estimate.seconds) / cores + 1))) on \(counted(cores, "core"))",
        ]
    }

    /// The plan as JSON.
    public func json() throws -> String {
        struct Plan: Encodable {
            let campaign: String
            let jobs: [String: Int]
            let images: Int
            let skipped: Int
            let faulty: Int
            let bytes: Int
            let seconds: Double
        }
        let plan = Plan(
            campaign: campaign.description,
            jobs: estimate.jobs,
            images: imageCount,
            skipped: skippedCount,
            faulty: faultyCount,
            bytes: estimate.bytes,
            seconds: estimate.seconds
        )
        return String(decoding: try canonicalJSON(plan), as: UTF8.self)
    }

    /// Copies what jobs need into the job directory's cache, and registers the campaign; a coordinator publishes its jobs.
    ///
    /// - Throws: `JobDirectoryError` or `FileError` where the directory refuses.
    /// - Returns: whether it is new.
    public func publish(to directory: JobDirectory) throws -> Registration {
        try directory.withScratch { try publish(to: directory, scratch: $0) }
    }

    private func publish(to directory: JobDirectory, scratch: FilePath) throws -> Registration {
        try directory.checkFitness(scratch: scratch)
        for (digest, bytes) in weights.sorted(by: { $0.key < $1.key }) {
            try directory.cache(bytes, as: directory.weightsFile(digest), scratch: scratch)
        }
        for (digest, bytes) in lists.sorted(by: { $0.key < $1.key }) {
            try directory.cache(bytes, as: directory.listFile(digest), scratch: scratch)
        }
        let content = NetworkCampaigns(directory)
        let arrays = plan.buckets.flatMap(\.jobs).flatMap { content.outputs(of: $0) }
        for array in Set(arrays.compactMap { directory.array(holding: $0) }) {
            try directory.pin(array, by: campaign)
        }
        return try directory.register(
            plan,
            files: [
                "campaign.yaml": source,
                CampaignFiles.manifestName: try Array(canonicalJSON(manifest)),
            ],
            scratch: scratch
        )
    }
}

extension CampaignManifest.Model {
    /// The digests of all that makes it what it is.
    fileprivate var contents: [String] {
        [network?.weights.hexadecimal].compactMap(\.self) + (arrays ?? []).map(\.contents.hexadecimal)
    }
}
