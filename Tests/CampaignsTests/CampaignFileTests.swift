// SPDX-License-Identifier: MIT

import Testing

@testable import Campaigns

private let minimal = """
    name: study
    models:
      a: {weights: "seeded:10"}
      b: {weights: b.pt}
    dataset: {images: photos}
    cka: {layers: [mixed4a_3x3]}
    """

@Suite("Campaign files", .timeLimit(.minutes(120)))
struct CampaignFileTests {
    @Test("What is left out takes the reference's defaults")
    func defaults() throws {
        let campaign = try CampaignFile.parse(Array(minimal.utf8))
        #expect(campaign.name == "study")
        #expect(campaign.models.map(\.name) == ["a", "b"])
        #expect(campaign.models[0].place == Campaign.Place(line: 3, column: 3))
        #expect(campaign.models.allSatisfy { $0.strict && !$0.batchNorm && $0.edits.isEmpty })
        let cka = try #require(campaign.cka)
        #expect(cka.pairs == [["a", "b"]])
        #expect((cka.epochs, cka.iterations, cka.batchSize) == (10, 64, 32))
        #expect(campaign.lucid == nil && campaign.activations == nil && campaign.reproducible == nil)
        #expect(campaign.priority == 5)
        #expect(campaign.arrays == Campaign.ArrayOptions(dtype: "float32", codec: "shuffle-zstd"))
    }

    @Test("Everything that a file can say is read")
    func everything() throws {
        let campaign = try CampaignFile.parse(
            Array(
                """
                name: a.b-c_1
                priority: 0
                reproducible: false
                models:
                  z: {weights: z.safetensors, batch_norm: true, strict: false}
                  y:
                    weights: y.pth
                    edits:
                      - {set: mixed4a_3x3, from: z}
                      - {set: "mixed4a_3x3:0", value: -0.5, mode: weight}
                  x: {weights: "seeded:1"}
                dataset: {images: ../photos, list: names.txt, on_error: skip}
                cka:
                  layers: ["mixed5*", conv2d0]
                  pairs: [[x, z], [y, z]]
                  epochs: 3
                  iterations: 2
                  batch_size: 7
                  estimator: full
                  across: models
                activations: {models: [x, z], layers: [logits, conv2d2]}
                arrays: {dtype: float16, codec: zstd}
                limits: {bytes: 1000, pixels: 2000, entries: 3000}
                """.utf8
            )
        )
        let cka = try #require(campaign.cka)
        #expect(cka.layers.first == "conv2d0" && cka.layers.count == 13)
        #expect(cka.pairs == [["z", "y"], ["z", "x"]])
        #expect(campaign.activations == Campaign.Activations(models: ["z", "x"], layers: ["conv2d2", "logits"]))
        let edits = campaign.models[1].edits
        #expect(edits[0] == Campaign.Edit(layer: "mixed4a_3x3", neuron: nil, mode: "both", from: "z", value: nil))
        #expect(edits[1] == Campaign.Edit(layer: "mixed4a_3x3", neuron: 0, mode: "weight", from: nil, value: -0.5))
        #expect(campaign.limits == Campaign.Limits(bytes: 1000, pixels: 2000, entries: 3000))
        let dataset = Campaign.Dataset(images: "../photos", isPublished: nil, list: "names.txt", skipsUnreadable: true)
        #expect(campaign.dataset == dataset)
    }

    @Test("Published networks and data sets are named, and archives by their address")
    func published() throws {
        let text = minimal.replacing("b.pt", with: "adam-bn").replacing("{images: photos}", with: "celeba")
        let campaign = try CampaignFile.parse(Array((text + "\nlimits: {entries: 9}").utf8))
        #expect(campaign.models[1].batchNorm)
        #expect(campaign.dataset == Campaign.Dataset(images: "celeba", isPublished: true))
        #expect(campaign.limits.entries == 9)
        let mine = try CampaignFile.parse(Array(minimal.replacing("b.pt", with: "mine-bn").utf8))
        #expect(!mine.models[1].batchNorm && mine.dataset?.isPublished == nil && mine.limits.entries == nil)
        let address = "\"https://example.org/a.zip\""
        let archive = try CampaignFile.parse(Array(minimal.replacing("photos", with: address).utf8))
        #expect(archive.dataset == Campaign.Dataset(images: "https://example.org/a.zip", isPublished: nil))
    }

    @Test("Arrays of other programs have layers of any name, and are compared where a pair has them in common")
    func arrays() throws {
        let text = """
            name: study
            models:
              a: {weights: "seeded:10"}
              x: {arrays: {mixed4a_3x3: x.npy, res.4: "https://example.org/y"}, images: rows.txt}
              z: {arrays: {res.4: z, conv2d0: c.npy}}
            dataset: celeba
            cka: {layers: all}
            """
        let campaign = try CampaignFile.parse(Array(text.utf8))
        #expect(campaign.cka?.layers == ["conv2d0", "mixed4a_3x3", "res.4"])
        #expect(campaign.models[1].arrays?.map(\.source) == ["x.npy", "https://example.org/y"])
        #expect(campaign.models[1].images == "rows.txt" && campaign.models[1].weights == nil)
        let some = try CampaignFile.parse(Array(text.replacing("all", with: "['res*'], pairs: [[x, z]]").utf8))
        #expect(some.cka?.layers == ["res.4"])
        let idle = text.replacing("all", with: "[conv2d0], pairs: [[a, z],\n [x, a]]")
        let error = #expect(throws: CampaignError.self) { try CampaignFile.parse(Array(idle.utf8)) }
        #expect(error?.description.contains("\"a\" and \"x\" have none of the compared layers in common") == true)
        #expect(error?.line == 8)
        #expect(try CampaignFile.parse(Array(text.replacing("all", with: "mixed4a_3x3").utf8)).idleModels == ["z"])
        #expect(campaign.idleModels.isEmpty && some.idleModels == ["a"])
        #expect(some.comparedLayers == ["a": [], "x": ["res.4"], "z": ["res.4"]])
        let alone = text.replacing("  a: {weights: \"seeded:10\"}\n", with: "").replacing("dataset: celeba\n", with: "")
        #expect(try CampaignFile.parse(Array(alone.utf8)).dataset == nil)
    }

    @Test("To fail over what cannot be read is what is done where nothing is said")
    func failing() throws {
        let said = minimal.replacing("photos}", with: "photos, on_error: fail}")
        #expect(try CampaignFile.parse(Array(said.utf8)) == CampaignFile.parse(Array(minimal.utf8)))
    }

    struct Mistake: Sendable, CustomTestStringConvertible {
        let find: String
        let replace: String
        let line: Int?
        let says: String

        var testDescription: String { replace.isEmpty ? "without \(find)" : String(replace.prefix(60)) }
    }

    static let mistakes = [
        Mistake(find: "b.pt}", replace: "b.pt, arrays: {conv2d0: x}}", line: 4, says: "either weights or arrays"),
        Mistake(find: "weights: b.pt", replace: "arrays: {conv2d0: x}, edits: []", line: 4, says: "no meaning beside"),
        Mistake(find: "weights: b.pt", replace: "arrays: {}", line: 4, says: "at least one array"),
        Mistake(find: "weights: b.pt", replace: "arrays: {CONV2D0: x}", line: 4, says: "capitals alone"),
        Mistake(find: "weights: b.pt", replace: "arrays: {x: a, X: b}", line: 4, says: "more than capitals"),
        Mistake(find: "weights: b.pt", replace: "arrays: {x: 'ftp://a/b'}", line: 4, says: "http and https"),
        Mistake(find: "weights: b.pt", replace: "arrays: {'../x': a}", line: 4, says: "is not a name"),
        Mistake(find: "weights: b.pt", replace: "arrays: {conv2d0: x}", line: 6, says: "no pair of models has"),
        Mistake(find: "  b: {weights: b.pt}\n", replace: "", line: 5, says: "there is only one"),
        Mistake(find: "weights: b.pt", replace: "strict: true", line: 4, says: "(or \"arrays\""),
        Mistake(find: "b.pt}", replace: "b.pt, images: x}", line: 4, says: "names the rows"),
        Mistake(find: "name: study", replace: "name: study\nnmae: x", line: 2, says: "unknown key \"nmae\""),
        Mistake(find: "name: study", replace: "name: -x", line: 1, says: "is not a name"),
        Mistake(find: "name: study", replace: "name: study\nname: again", line: 2, says: "\"name\" stands here twice"),
        Mistake(find: "b.pt}", replace: "b.pt}\n  'a' : {weights: c.pt}", line: 5, says: "\"a\" stands here twice"),
        Mistake(find: "b.pt}", replace: "b.pt, strict: true, weights: c.pt}", line: 4, says: "twice, first in line 4"),
        Mistake(
            find: "cka: {",
            replace: "cka: {\n  epochs: 1,\n  epochs: 2, ",
            line: 8,
            says: "twice, first in line 7"
        ),
        Mistake(find: "cka:", replace: "priority: @\ncka:", line: 6, says: "cannot start any token"),
        Mistake(find: "photos}", replace: "photos\u{1}}", line: 5, says: "control characters"),
        Mistake(find: "name: study\n", replace: "", line: 1, says: "the key \"name\" is missing"),
        Mistake(find: "  b: {", replace: "  A: {", line: 4, says: "differ by more than capitals"),
        Mistake(find: "b.pt}", replace: "b.pt, wieghts: x}", line: 4, says: "unknown key \"wieghts\""),
        Mistake(find: "seeded:10", replace: "seeded:ten", line: 3, says: "seeded:10"),
        Mistake(find: "b.pt}", replace: "b.pt, edits: [{set: mixed4a_3x4, value: 0}]}", line: 4, says: "mixed4a_3x3"),
        Mistake(find: "b.pt}", replace: "b.pt, edits: [{set: 'conv2d0:64', value: 0}]}", line: 4, says: "0 to 63"),
        Mistake(find: "b.pt}", replace: "b.pt, edits: [{set: conv2d0, from: c}]}", line: 4, says: "no model \"c\""),
        Mistake(find: "b.pt}", replace: "b.pt, edits: [{set: conv2d0}]}", line: 4, says: "either"),
        Mistake(
            find: "b.pt}",
            replace: "b.pt, edits: [{set: conv2d0, value: 1e39}]}",
            line: 4,
            says: "1e39 does not fit float32, in which weights are kept; the largest number is 3.4028235e+38"
        ),
        Mistake(
            find: "b.pt}",
            replace: "b.pt, edits: [{set: conv2d0, value: -1e400}]}",
            line: 4,
            says: "-1e400 does not fit float32"
        ),
        Mistake(
            find: "b.pt}",
            replace: "b.pt, edits: [{set: conv2d0, value: nan}]}",
            line: 4,
            says: "this must be a number"
        ),
        Mistake(
            find: "b.pt}",
            replace: "b.pt, edits: [{set: conv2d0, value: 0, mode: all}]}",
            line: 4,
            says: "both, weight"
        ),
        Mistake(find: "[mixed4a_3x3]", replace: "[mixed4a3x3]", line: 6, says: "did you mean \"mixed4a_3x3\""),
        Mistake(find: "[mixed4a_3x3]", replace: "[mixed4a_3x3, mixed4a_3x3]", line: 6, says: "stands here twice"),
        Mistake(find: "[mixed4a_3x3]", replace: "['mixed9*']", line: 6, says: "no layer \"mixed9*\""),
        Mistake(find: "[mixed4a_3x3]", replace: "all, epochs: 0", line: 6, says: "whole number from 1"),
        Mistake(find: "[mixed4a_3x3]", replace: "all, epochs: 1e3", line: 6, says: "whole number from 1"),
        Mistake(find: "[mixed4a_3x3]", replace: "all, pairs: [[a, c]]", line: 6, says: "no model \"c\""),
        Mistake(find: "[mixed4a_3x3]", replace: "all, pairs: [[a, a]]", line: 6, says: "two different"),
        Mistake(find: "[mixed4a_3x3]", replace: "all, pairs: [[a, b], [b, a]]", line: 6, says: "stands here twice"),
        Mistake(find: "[mixed4a_3x3]", replace: "all, estimator: minibatch", line: 6, says: "only \"full\""),
        Mistake(find: "[mixed4a_3x3]", replace: "all, image_lists: l, epochs: 2", line: 6, says: "no meaning beside"),
        Mistake(find: "{images: photos}", replace: "mnist", line: 5, says: "published ones are celeba and imagenet"),
        Mistake(find: "{images: photos}", replace: "{images: 'ftp://x/y.zip'}", line: 5, says: "http and https"),
        Mistake(find: "photos}", replace: "photos, on_eror: skip}", line: 5, says: "images, list, on_error"),
        Mistake(find: "photos}", replace: "photos, on_error: ignore}", line: 5, says: "not one of fail, skip"),
        Mistake(find: "photos}", replace: "photos, on_error: [skip]}", line: 5, says: "on_error: this must be a text"),
        Mistake(find: "photos}", replace: "photos, list: ''}", line: 5, says: "list: this must be a text"),
        Mistake(find: "photos}", replace: "photos, list: a, list: b}", line: 5, says: "\"list\" stands here twice"),
        Mistake(find: "{images: photos}", replace: "{list: names.txt}", line: 5, says: "\"images\" is missing"),
        Mistake(
            find: "cka:",
            replace: "limits: {pixels: 0}\ncka:",
            line: 6,
            says: "pixels: this must be a whole number"
        ),
        Mistake(find: "cka:", replace: "limits: {byte: 1}\ncka:", line: 6, says: "bytes, pixels, entries"),
        Mistake(find: "{images: photos}", replace: "[", line: nil, says: "not YAML"),
        Mistake(find: "{images: photos}", replace: "&d {images: photos}\nx: *d", line: 6, says: "aliases"),
        Mistake(find: "cka:", replace: "storage_budget: 1GB\ncka:", line: 6, says: "not available in this version"),
        Mistake(find: "cka: {layers: [mixed4a_3x3]}", replace: "", line: 1, says: "nothing is asked for"),
        Mistake(find: "dataset: {images: photos}\n", replace: "", line: 1, says: "the key \"dataset\" is missing"),
        Mistake(
            find: "cka:",
            replace: "activations: {layers: [], models: [a]}\ncka:",
            line: 6,
            says: "at least one layer"
        ),
        Mistake(find: "cka:", replace: "activations: {layers: all, models: [a, a]}\ncka:", line: 6, says: "twice"),
    ]

    @Test("A mistake is named with its line and what would have been right", arguments: mistakes)
    func isNamed(mistake: Mistake) throws {
        let text = minimal.replacing(mistake.find, with: mistake.replace)
        try #require(text != minimal)
        let error = #expect(throws: CampaignError.self) { try CampaignFile.parse(Array(text.utf8)) }
        #expect(error?.description.contains(mistake.says) == true, "\(String(describing: error))")
        if let line = mistake.line { #expect(error?.line == line, "\(String(describing: error))") }
    }

    @Test("A file over its bounds is refused before it can do harm")
    func bounds() {
        let aliases = (1..<9).map {
            "a\($0): &a\($0) [" + Array(repeating: "*a\($0 - 1)", count: 9).joined(separator: ", ") + "]"
        }
        let hostile = [
            String(repeating: "x", count: CampaignFile.byteLimit + 1),
            String(repeating: "[", count: 500_000),
            String(repeating: "{a: ", count: 200_000),
            String(repeating: "- ", count: 400_000) + "x",
            "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + aliases.joined(separator: "\n"),
            "",
            "\u{0}",
            "- a\n- b",
        ]
        for text in hostile {
            #expect(throws: CampaignError.self) { try CampaignFile.parse(Array(text.utf8)) }
        }
        #expect(throws: CampaignError.self) { try CampaignFile.parse([0xff, 0xfe, 0x00]) }
    }

    @Test("Aliases of aliases are refused at once, as a value and as a key", arguments: ["x: *a13", "? *a13\n: 1"])
    func aliasBombs(end: String) {
        let aliases = (1..<14).map {
            "a\($0): &a\($0) [" + Array(repeating: "*a\($0 - 1)", count: 9).joined(separator: ", ") + "]"
        }
        let text = (["a0: &a0 [x, x, x, x, x, x, x, x, x]"] + aliases + [end]).joined(separator: "\n")
        let time = ContinuousClock().measure {
            let error = #expect(throws: CampaignError.self) { try CampaignFile.parse(Array(text.utf8)) }
            #expect(error?.line == 2 && error?.column == 10, "\(String(describing: error))")
        }
        #expect(time < .seconds(5))
    }

    @Test("What the parser says is short, and shows nothing of the file")
    func shortMessages() throws {
        let text = minimal + "\n" + String(repeating: "k", count: 100_000) + ": [" + String(repeating: "y", count: 1000)
        let error = try #require(throws: CampaignError.self) { try CampaignFile.parse(Array(text.utf8)) }
        #expect(error.message.count <= 200 && !error.message.contains("yyy"))
    }

    @Test("A byte order mark and Windows' line ends are read over")
    func windowsFiles() throws {
        let bytes = [0xEF, 0xBB, 0xBF] + Array(minimal.replacing("\n", with: "\r\n").utf8)
        #expect(try CampaignFile.parse(bytes).name == "study")
    }

    @Test(
        "Patterns match as in a shell",
        arguments: [
            ("mixed5*", "mixed5a_1x1", true), ("mixed5*", "mixed4a_1x1", false), ("*3x3", "mixed3a_3x3", true),
            ("*3x3", "mixed3a_3x3_bottleneck", false), ("conv2d?", "conv2d0", true), ("conv2d?", "conv2d", false),
            ("*", "logits", true), ("*a*_1x1", "mixed4a_1x1", true), ("logit", "logits", false),
        ]
    )
    func patterns(pattern: String, name: String, expected: Bool) {
        #expect(CampaignFile.matches(pattern, name) == expected)
    }
}
