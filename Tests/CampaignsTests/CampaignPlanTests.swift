// SPDX-License-Identifier: MIT

import JobStorage
import SystemSupport
import Testing

@testable import Campaigns

private func manifest(
    images: Int = 100,
    perEpoch: Int = 64,
    models: [String] = ["a", "b"],
    weights: [String]? = nil,
    layers: [String] = ["mixed4a_3x3", "logits"],
    epochs: [String] = ["e0", "e1"],
    codec: String = "zstd",
    reproducible: Bool = false
) -> CampaignManifest {
    CampaignManifest(
        campaign: "study-01234567",
        models: zip(models, weights ?? models).map {
            .init(name: $0, network: .init(weights: ContentDigest(of: $1), batchNorm: false), layers: layers)
        },
        images: .init(
            list: ContentDigest(of: "images"),
            contents: ContentDigest(of: "set"),
            count: images,
            decodingBytes: 1,
            preprocessing: "p",
            limits: .init(bytes: 1, pixels: 1)
        ),
        comparison: .init(
            layers: layers,
            pairs: [],
            imagesPerEpoch: perEpoch,
            epochs: epochs.map { .init(rows: ContentDigest(of: $0), groups: [[0, 32], [32, perEpoch]]) }
        ),
        pictures: nil,
        options: .init(dtype: "float32", codec: codec),
        priority: 5,
        reproducible: reproducible
    )
}

extension CampaignManifest {
    fileprivate var epochs: [Epoch] { comparison?.epochs ?? [] }
}

private func jobs<Payload: JobPayload>(_ kind: Payload.Type, in plan: JobPlan) throws -> [Payload] {
    try plan.buckets.filter { $0.kind == Payload.kind }.flatMap(\.jobs).map { try Payload(decoding: $0.payload) }
}

@Suite("Labels of images", .timeLimit(.minutes(120)))
struct LabelTests {
    @Test("Values are counted, numbers ascending, and words in the order of their bytes")
    func counts() {
        let numbers = CampaignManifest.Label("n", values: ["10", "9", "", "-1", "9"])
        #expect(numbers.counts.map(\.value) == ["", "-1", "9", "10"] && numbers.counts.map(\.count) == [1, 1, 2, 1])
        let words = CampaignManifest.Label("w", values: ["b", "10", "9", "é", "B"])
        #expect(words.counts.map(\.value) == ["10", "9", "B", "b", "é"])
    }

    @Test("A column of too many values is not counted")
    func many() {
        let most = CampaignManifest.Label.mostValues
        #expect(CampaignManifest.Label("l", values: (0..<most).map { "\($0)" }).counts.count == most)
        #expect(CampaignManifest.Label("l", values: (0...most).map { "\($0)" }).counts.isEmpty)
    }
}

@Suite("Plans", .timeLimit(.minutes(120)))
struct CampaignPlanTests {
    @Test("Every image goes through every network once, and every Gram matrix is made once")
    func counts() throws {
        let plan = try CampaignPlan.make(manifest())
        let activations = try jobs(ActivationsPayload.self, in: plan)
        #expect(activations.count == 2 * 4, "100 images in shards of 32 rows")
        #expect(activations.allSatisfy { $0.shardRows == 32 && $0.targets.map(\.layer) == ["mixed4a_3x3", "logits"] })
        #expect(try jobs(GramPayload.self, in: plan).count == 2 * 2 * 2)
        #expect(try jobs(HSICPayload.self, in: plan).count == 2)
    }

    @Test("Two names of one network, and an epoch that stands twice, cost nothing")
    func duplicates() throws {
        let plan = try CampaignPlan.make(
            manifest(models: ["a", "b", "c"], weights: ["x", "x", "y"], epochs: ["e", "e"])
        )
        #expect(try jobs(ActivationsPayload.self, in: plan).count == 2 * 4)
        #expect(try jobs(GramPayload.self, in: plan).count == 2 * 2)
        let hsic = try jobs(HSICPayload.self, in: plan)
        #expect(hsic.count == 1 && hsic[0].blocks.allSatisfy { $0.grams.count == 2 })
    }

    private func array(_ layer: String, _ contents: String, at source: String = "/x.npy")
        -> CampaignManifest.Model.LayerArray
    {
        CampaignManifest.Model.LayerArray(
            layer: layer,
            source: source,
            rows: ContentDigest(of: "rows of \(contents)"),
            contents: ContentDigest(of: contents),
            rowShape: [7, 3, 3]
        )
    }

    @Test("Arrays of other programs are imported once, wherever they lie, and compared where both have the layer")
    func imports() throws {
        let models: [CampaignManifest.Model] = [
            .init(name: "net", network: .init(weights: ContentDigest(of: "w"), batchNorm: false), layers: ["logits"]),
            .init(name: "x", arrays: [array("logits", "1"), array("other", "2")]),
            .init(name: "same", arrays: [array("logits", "1", at: "https://a/x"), array("other", "2", at: "/y")]),
            .init(name: "y", arrays: [array("other", "3"), array("logits", "1")]),
        ]
        let base = manifest(layers: ["logits", "other"])
        let plan = try CampaignPlan.make(
            CampaignManifest(
                campaign: base.campaign,
                models: models,
                images: base.images,
                comparison: base.comparison,
                pictures: nil,
                options: base.options,
                priority: 5,
                reproducible: false
            )
        )
        let imports = try jobs(ImportPayload.self, in: plan)
        #expect(Set(imports.map(\.array)).count == 3 && imports.count == 3 * 4, "three arrays of four shards")
        #expect(
            try jobs(GramPayload.self, in: plan).count == 4 * 2,
            "logits of net and x, other of x and y, two epochs"
        )
        let blocks = try jobs(HSICPayload.self, in: plan).flatMap(\.blocks)
        #expect(blocks.map(\.grams.count) == [3, 2, 3, 2])
        #expect(Set(plan.buckets.flatMap(\.jobs).map(\.id)).count == plan.buckets.flatMap(\.jobs).count)
    }

    @Test("The same campaign makes the same jobs, and adding a model leaves the others' as they are")
    func deterministic() throws {
        let one = try CampaignPlan.make(manifest())
        #expect(try CampaignPlan.make(manifest()) == one)
        let more = try CampaignPlan.make(manifest(models: ["a", "b", "c"]))
        let ids = Set(more.buckets.flatMap(\.jobs).map(\.id))
        for bucket in one.buckets where bucket.kind != HSICPayload.kind {
            #expect(bucket.jobs.allSatisfy { ids.contains($0.id) })
        }
    }

    @Test("Buckets wait for what they read, and hold a thousand jobs at most")
    func buckets() throws {
        let plan = try CampaignPlan.make(manifest(images: 300_000))
        #expect(plan.buckets.allSatisfy { $0.jobs.count <= 1000 })
        let names = Dictionary(grouping: plan.buckets, by: \.kind).mapValues { $0.map(\.name) }
        let activations = try #require(names["activations"])
        #expect(activations.count == 4)
        for bucket in plan.buckets {
            switch bucket.kind {
            case "activations": #expect(bucket.dependsOn.isEmpty)
            case "gram": #expect(bucket.dependsOn.count == 2)
            default: #expect(bucket.dependsOn == names["gram"])
            }
        }
    }

    @Test("Addresses change with all that values or their form depend on, and with nothing else")
    func addresses() throws {
        let base = manifest()
        let model = base.models[0]
        let images = try #require(base.images)
        func address(_ manifest: CampaignManifest, _ layer: String = "logits") -> ContentDigest {
            manifest.activations(of: model, layer: layer, images)
        }
        #expect(address(base) == address(manifest(models: ["other"], weights: ["a"])))
        #expect(address(base) != base.activations(of: base.models[1], layer: "logits", images))
        #expect(address(base) != address(base, "mixed4a_3x3"))
        #expect(address(base) != address(manifest(codec: "shuffle-zstd")))
        #expect(address(base) != address(manifest(reproducible: true)))
        let grams = base.epochs.map { base.gram(of: model, layer: "logits", epoch: $0, images) }
        #expect(grams[0] != grams[1])
    }

    @Test("Jobs of a reproducible campaign say which instructions they are pinned to, others say nothing")
    func pinnedInstructions() throws {
        for isPinned in [false, true] {
            let plan = try CampaignPlan.make(manifest(reproducible: isPinned))
            for job in plan.buckets.flatMap(\.jobs) {
                #expect(try PinnedPayload(decoding: job.payload).instructions == (isPinned ? "avx2" : nil))
            }
        }
    }

    @Test("Large epochs are cut into panels of rows, and their sums into several jobs")
    func large() throws {
        let big = manifest(images: 20_000, perEpoch: 5000, layers: ["conv2d0", "logits"], epochs: ["e0"])
        let plan = try CampaignPlan.make(big)
        #expect(try jobs(GramPayload.self, in: plan).count == 2 * 2 * 3)
        let many = manifest(perEpoch: 5000, models: (0..<16).map { "m\($0)" })
        let hsic = try CampaignPlan.hsicJobs(many, epoch: many.epochs[0])
        #expect(hsic.count == 1 || hsic.flatMap(\.groups) == many.epochs[0].groups)
    }

    @Test("Many networks on many layers are summed by jobs of bounded size, which together are the whole")
    func manyNetworks() throws {
        let layers = (0..<58).map { "layer\($0)" }
        let study = manifest(models: (0..<300).map { "m\($0)" }, layers: layers, epochs: ["e0"])
        let hsic = try CampaignPlan.hsicJobs(study, epoch: study.epochs[0])
        #expect(hsic.count > 1)
        for job in hsic {
            #expect(try job.encoded().count < JobSpecification.payloadLimit)
            #expect(job.blocks.allSatisfy { $0.grams.count == 300 })
        }
        let rows = Dictionary(grouping: hsic.flatMap { job in job.blocks.map { ($0.layer, job.groups) } }, by: \.0)
        #expect(Set(rows.keys) == Set(layers))
        #expect(rows.values.allSatisfy { $0.flatMap(\.1) == study.epochs[0].groups })
        #expect(throws: CampaignError.self) {
            try CampaignPlan.make(manifest(models: (0..<2049).map { "m\($0)" }))
        }
    }

    @Test("Payloads read back as they were written")
    func roundTrip() throws {
        for payload in try jobs(HSICPayload.self, in: CampaignPlan.make(manifest())) {
            #expect(try HSICPayload(decoding: payload.encoded()) == payload)
        }
    }
}
