// SPDX-License-Identifier: MIT

import FeatureVisualization
import Testing

@testable import Campaigns

private func campaign(_ lucid: String, models: String = "a: {weights: \"seeded:10\"}") -> [UInt8] {
    Array("name: pictures\nmodels:\n  b: {weights: \"seeded:12\"}\n  \(models)\nlucid: \(lucid)\n".utf8)
}

@Suite("Pictures in campaign files", .timeLimit(.minutes(120)))
struct PictureRequestTests {
    @Test("What is left out takes the reference's defaults")
    func defaults() throws {
        let campaign = try CampaignFile.parse(campaign("{neurons: [conv2d0]}"))
        let lucid = try #require(campaign.lucid)
        #expect(campaign.dataset == nil && campaign.cka == nil)
        #expect(lucid.models == ["b", "a"])
        #expect(lucid.neurons == [Campaign.Pictures.Neurons(layer: "conv2d0", neurons: Array(0..<64))])
        #expect(
            lucid.settings
                == PictureSettings(
                    size: 224,
                    thresholds: [512],
                    seed: 0,
                    compatibility: .lucent,
                    objective: .channel,
                    diversity: 1,
                    transforms: .standard
                )
        )
    }

    @Test("Layers, ranges and single neurons are read, in the network's order")
    func everything() throws {
        let lucid = try #require(
            try CampaignFile.parse(
                campaign(
                    """
                    {neurons: ["mixed5a_5x5:30-32", "conv2d0:7", "mixed5a_5x5:3", "mixed3?_pool_reduce:0-1"], models: [a],
                     size: 96, thresholds: [8, 16], seed: 5, compat: lucid, objective: negative, diversity: 2,
                     transforms: none}
                    """
                )
            ).lucid
        )
        #expect(lucid.models == ["a"])
        #expect(lucid.neurons.map(\.layer) == ["conv2d0", "mixed3a_pool_reduce", "mixed3b_pool_reduce", "mixed5a_5x5"])
        #expect(lucid.neurons.map(\.neurons) == [[7], [0, 1], [0, 1], [3, 30, 31, 32]])
        let settings = lucid.settings
        #expect((settings.size, settings.thresholds, settings.seed, settings.diversity) == (96, [8, 16], 5, 2))
        #expect((settings.compatibility, settings.objective, settings.transforms) == (.lucid, .negative, .none))
    }

    struct Mistake: Sendable, CustomTestStringConvertible {
        let lucid: String
        let says: String

        init(_ lucid: String, _ says: String) {
            (self.lucid, self.says) = (lucid, says)
        }

        var testDescription: String { lucid }
    }

    static let mistakes = [
        Mistake("{}", "the key \"neurons\" is missing"),
        Mistake("{neurons: []}", "at least one neuron"),
        Mistake("{neurons: ['']}", "it is empty"),
        Mistake("{neurons: [conv2d0: 1]}", "written \"LAYER:3\", without a space"),
        Mistake("{neurons: [mixed4a3x3]}", "did you mean \"mixed4a_3x3\""),
        Mistake("{neurons: ['conv2d0:64']}", "0 to 63"),
        Mistake("{neurons: ['conv2d0:60-64']}", "0 to 63"),
        Mistake("{neurons: ['conv2d0:9-3']}", "neither a neuron nor a range"),
        Mistake("{neurons: ['conv2d0:']}", "neither a neuron nor a range"),
        Mistake("{neurons: ['conv2d0:-1']}", "neither a neuron nor a range"),
        Mistake("{neurons: ['conv2d0:1-2-3']}", "neither a neuron nor a range"),
        Mistake("{neurons: ['conv2d0:99999999999999999999']}", "neither a neuron nor a range"),
        Mistake("{neurons: [conv2d0, 'conv2d0:7']}", "conv2d0:7 stands here twice"),
        Mistake("{neurons: [conv2d0], models: [c]}", "no model \"c\""),
        Mistake("{neurons: [conv2d0], models: [a, a]}", "\"a\" stands here twice"),
        Mistake("{neurons: [conv2d0], size: 31}", "whole number from 32"),
        Mistake("{neurons: [conv2d0], size: 4096}", "whole number from 32 to 1024"),
        Mistake("{neurons: [logits], size: 223}", "logits need a size of at least 224"),
        Mistake("{neurons: [logits], size: 224, compat: lucid}", "logits need a size of at least 238"),
        Mistake("{neurons: [logits], size: 237, compat: lucid}", "logits need a size of at least 238"),
        Mistake("{neurons: [conv2d0], thresholds: [16, 8]}", "thresholds must ascend, but 8 comes after 16"),
        Mistake("{neurons: [conv2d0], thresholds: [16, 16]}", "thresholds must ascend"),
        Mistake("{neurons: [conv2d0], thresholds: [0]}", "whole number from 1"),
        Mistake("{neurons: [conv2d0], thresholds: []}", "at least one threshold"),
        Mistake(
            "{neurons: [conv2d0], size: 1024, thresholds: [\((1...15).map(String.init).joined(separator: ", "))]}",
            "thresholds: there may be at most 14 thresholds with a size of 1024"
        ),
        Mistake("{neurons: [conv2d0], seed: -1}", "whole number from 0"),
        Mistake("{neurons: [conv2d0], compat: torch}", "lucent, lucid"),
        Mistake("{neurons: [conv2d0], objective: neuron}", "channel, center, negative, {direction: FILE.npy}"),
        Mistake("{neurons: [conv2d0], objective: {direction: ''}}", "must be a text"),
        Mistake("{neurons: ['conv2d0:1'], objective: {direction: d.npy}}", "belongs to a whole layer"),
        Mistake("{neurons: [conv2d0, conv2d1], objective: {direction: d.npy}}", "belongs to one layer"),
        Mistake("{neurons: [conv2d0], diversity: 5}", "whole number from 1 to 4"),
        Mistake("{neurons: [conv2d0], transforms: all}", "standard, none"),
        Mistake("{neurons: [conv2d0], threshold: 5}", "unknown key \"threshold\""),
    ]

    @Test("A mistake is named with its line and what would have been right", arguments: mistakes)
    func isNamed(mistake: Mistake) {
        let error = #expect(throws: CampaignError.self) { try CampaignFile.parse(campaign(mistake.lucid)) }
        #expect(error?.description.contains(mistake.says) == true, "\(String(describing: error))")
        #expect(error?.line == 5, "\(String(describing: error))")
    }

    @Test("A size is enough where every transform leaves what the logits need")
    func sizesOfLogits() throws {
        #expect(throws: Never.self) { try CampaignFile.parse(campaign("{neurons: [logits], size: 224}")) }
        #expect(throws: Never.self) {
            try CampaignFile.parse(campaign("{neurons: [logits], size: 238, compat: lucid}"))
        }
    }

    @Test("A model that would take the place of the atlas's own files is refused")
    func reservedNames() {
        let bytes = campaign("{neurons: [conv2d0]}", models: "Index.html: {weights: \"seeded:10\"}")
        let error = #expect(throws: CampaignError.self) { try CampaignFile.parse(bytes) }
        #expect(error?.description.contains("rename it") == true)
    }

    @Test("Without a network there is nothing to be pictured")
    func needsNetwork() {
        let text = "name: study\nmodels: {a: {arrays: {conv2d0: a.npy}}}\nlucid: {neurons: conv2d0}\n"
        let error = #expect(throws: CampaignError.self) { try CampaignFile.parse(Array(text.utf8)) }
        #expect(error?.line == 3 && error?.description.contains("no model has weights") == true)
    }

    @Test("A job takes some minutes, has whole batches, and is the same whoever plans")
    func jobSizes() throws {
        func size(_ layer: String, steps: Int, diversity: Int = 1) -> Int {
            let settings = PictureSettings(
                size: 224,
                thresholds: [steps],
                seed: 0,
                compatibility: .lucent,
                objective: .channel,
                diversity: diversity,
                transforms: .standard
            )
            return CampaignPlan.neuronsPerJob(settings, layer: layer)
        }
        #expect(size("mixed4a_3x3", steps: 512) == 16)
        #expect(size("logits", steps: 512) == 8)
        #expect(size("logits", steps: 100_000) == 4)
        #expect(size("conv2d0", steps: 16) == CampaignPlan.neuronsPerLucidJob)
        #expect(size("mixed4a_3x3", steps: 100_000, diversity: 3) == 1)
    }
}
