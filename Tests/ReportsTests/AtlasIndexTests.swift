// SPDX-License-Identifier: MIT

import FoundationEssentials
import ImageCoding
import Testing

@testable public import Reports

func picture(
    _ model: String,
    _ layer: String,
    _ channel: Int?,
    threshold: Int = 512,
    variant: Int? = nil,
    objective: Double? = 1.5,
    trace: [Float] = [],
    error: String? = nil,
    gray: UInt8? = nil
) -> AtlasPicture {
    let pixels = gray.map { RGBImage(width: 4, height: 4, pixels: [UInt8](repeating: $0, count: 48)) }
    return AtlasPicture(
        model: model,
        layer: layer,
        channel: channel,
        variant: variant,
        threshold: threshold,
        steps: threshold,
        seed: 3,
        file: error == nil ? "\(model)/\(layer)/\(channel.map(String.init) ?? "direction").png" : nil,
        objective: objective,
        trace: trace[...],
        error: error,
        signature: pixels.map(PictureSignature.init)
    )
}

func atlas(
    _ pictures: [AtlasPicture],
    exemplars: [Exemplar] = [],
    parameters: [Atlas.Parameter] = [],
    ending: Atlas.Ending? = nil
) -> Atlas {
    Atlas(
        campaign: "study-01234567",
        models: ["base", "other"],
        layers: ["conv2d0", "logits"],
        parameters: parameters,
        expected: 8,
        ending: ending,
        pictures: pictures,
        exemplars: exemplars
    )
}

@Suite("The atlas's index", .timeLimit(.minutes(120)))
struct AtlasIndexTests {
    private struct Parsed: Decodable {
        struct Picture: Decodable {
            let neuron: String
            let model: String
            let file: String?
            let variant: Int?
            let seed: Int
            let threshold: Int
            let steps: Int
            let objective: Double?
            let difference: Double?
            let trace: [Double?]
            let error: String?
        }
        struct Exemplar: Decodable {
            let neuron: String
            let model: String
            let rank: Int
            let image: String
            let row: Int
            let value: Double
            let file: String
        }
        let campaign: String
        let ended: String?
        let parameters: [String: Atlas.Parameter.Value]
        let expected: Int
        let pictures: [Picture]
        let exemplars: [Exemplar]
    }

    private func parsed(_ atlas: Atlas) throws -> Parsed {
        try JSONDecoder().decode(Parsed.self, from: Data(atlas.index))
    }

    @Test("It has the contract's keys, and null where there is no value")
    func keys() throws {
        let exemplar = Exemplar(
            model: "base",
            layer: "logits",
            channel: 7,
            rank: 0,
            image: "n01/a b.jpg",
            row: 12,
            value: 1.0 / 3,
            file: "images/0.png"
        )
        let index = try parsed(
            atlas(
                [
                    picture("base", "logits", 7, objective: 1.0 / 3, trace: [0.123456789, .nan, 12]),
                    picture("base", "logits", 8, objective: nil, error: "no memory"),
                    picture("base", "logits", nil, variant: 2),
                ],
                exemplars: [exemplar],
                parameters: [
                    .init("size", .number(224)), .init("compat", .text("lucent")),
                    .init("thresholds", .numbers([2, 4])), .init("reproducible", .truth(false)),
                ]
            )
        )
        #expect(index.campaign == "study-01234567" && index.expected == 8)
        #expect(
            index.parameters == [
                "size": .number(224), "compat": .text("lucent"), "thresholds": .numbers([2, 4]),
                "reproducible": .truth(false),
            ]
        )
        #expect(index.pictures.map(\.neuron) == ["logits:direction", "logits:7", "logits:8"])
        let found = index.pictures[1]
        #expect((found.seed, found.threshold, found.steps, found.model) == (3, 512, 512, "base"))
        #expect(found.objective == 1.0 / 3, "17 digits give the same number back")
        #expect(found.trace == [0.1234568, nil, 12], "7 digits do for a trace")
        #expect(found.file == "base/logits/7.png" && found.error == nil && found.variant == nil)
        #expect(index.pictures[2].file == nil && index.pictures[2].error == "no memory")
        #expect(index.pictures[2].objective == nil && index.pictures[0].variant == 2)
        #expect(index.exemplars.map(\.neuron) == ["logits:7"] && index.exemplars[0].value == 1.0 / 3)
    }

    @Test(
        "It says how a campaign ended that is not complete, and nothing of one that runs or is",
        arguments: [
            nil, Atlas.Ending.cancelled, .failed,
        ]
    )
    func ending(_ ending: Atlas.Ending?) throws {
        let atlas = atlas([picture("base", "logits", 0)], ending: ending)
        #expect(try parsed(atlas).ended == ending?.rawValue)
        let script = try #require(atlas.page(sheets: []).first { $0.name == "data/index.js" })
        let text = String(decoding: script.bytes, as: UTF8.self)
        #expect(text.contains("\n\"ended\": \"\(ending?.rawValue ?? "")\",\n") == (ending != nil))
        #expect(text.contains("ended") == (ending != nil))
    }

    @Test("A picture is one line, and the order does not depend on that of arrival")
    func order() throws {
        let pictures = [
            picture("base", "conv2d0", nil), picture("base", "conv2d0", 2), picture("base", "conv2d0", 10),
            picture("other", "conv2d0", 2), picture("base", "logits", 0, threshold: 256), picture("base", "logits", 0),
        ]
        let expected = atlas(pictures).index
        for shift in pictures.indices {
            let shuffled = Array(pictures[shift...] + pictures[..<shift]).reversed()
            #expect(atlas(Array(shuffled)).index == expected)
        }
        let lines = String(decoding: expected, as: UTF8.self).split(separator: "\n")
        #expect(lines.count { $0.contains("\"neuron\"") } == pictures.count)
        #expect(try parsed(atlas(pictures)).pictures.map(\.threshold) == [512, 512, 512, 512, 256, 512])
    }

    @Test("Models and layers that are not the atlas's are left out")
    func strangers() throws {
        let index = try parsed(atlas([picture("stranger", "logits", 0), picture("base", "conv9", 0)]))
        #expect(index.pictures.isEmpty)
    }

    @Test(
        "Any text comes back as it was",
        arguments: [
            "\"\\/\u{8}\n\r\t\0\u{1F}\u{7F}\u{9F}", "</script>\u{2028}\u{2029}", "Ünïcödé 🦆 \u{202E}gpj.exe", "",
        ]
    )
    func texts(text: String) throws {
        let index = try parsed(
            atlas([picture("base", "logits", 0, error: text)], parameters: [.init(text, .text(text))])
        )
        #expect(index.pictures[0].error == text && index.parameters == [text: .text(text)])
        #expect(!String(decoding: JSONBytes.of(text), as: UTF8.self).contains("<"))
    }

    @Test("The parts that a large index is written in are the whole, and each is small")
    func parts() {
        let trace = (0..<512).map { 1 / Float($0 + 3) }
        let large = atlas((0..<800).map { picture("base", "logits", $0, trace: trace) })
        var parts: [[UInt8]] = []
        large.withIndex { parts.append($0) }
        #expect(parts.count > 2 && parts.allSatisfy { $0.count < 2 << 20 })
        #expect(Array(parts.joined()) == large.index)
    }

    @Test("A picture differs from the base model's of the same neuron, threshold and variant, and from no other")
    func differences() {
        let atlas = atlas([
            picture("base", "logits", 0, gray: 0), picture("base", "logits", 0, threshold: 64, gray: 255),
            picture("other", "logits", 0, gray: 51), picture("other", "logits", 0, threshold: 64, gray: 255),
            picture("other", "logits", 1, gray: 51), picture("other", "conv2d0", 0, gray: 51),
        ])
        let found = zip(atlas.pictures, atlas.differences).map {
            "\($0.model) \($0.neuron) \($0.threshold): \($1 ?? -1)"
        }
        #expect(
            found == [
                "other conv2d0:0 512: -1.0", "base logits:0 64: -1.0", "base logits:0 512: -1.0",
                "other logits:0 64: 0.0", "other logits:0 512: 0.2", "other logits:1 512: -1.0",
            ]
        )
    }
}

extension JSONBytes {
    static func of(_ text: String) -> [UInt8] {
        var json = JSONBytes()
        json.text(text)
        return json.bytes
    }
}

extension Atlas.Parameter.Value: Decodable {
    /// Reads a value as `index.json` has it.
    public init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let isTrue = try? value.decode(Bool.self) {
            self = .truth(isTrue)
        } else if let number = try? value.decode(Int.self) {
            self = .number(number)
        } else if let numbers = try? value.decode([Int].self) {
            self = .numbers(numbers)
        } else {
            self = .text(try value.decode(String.self))
        }
    }
}
