// SPDX-License-Identifier: MIT

import Drawing
import FoundationEssentials
import ImageCoding
import RepresentationSimilarity
import TensorStorage
import Testing

@testable import Reports

private func similarity(_ cka: Double?, _ debiased: Double?, _ reason: UndefinedReason? = nil) -> Similarity {
    Similarity(cka: cka, debiased: debiased, reason: reason)
}

private let report = ComparisonReport(
    campaign: "study-01234567",
    images: 64,
    epochs: 2,
    models: ["a", "b", "c"],
    layers: ["conv2d0", "logits"],
    pairs: [
        .init(layer: "conv2d0", a: "a", b: "b", epochs: [similarity(0.5, 0.25), similarity(0.25, -0.75)]),
        .init(layer: "conv2d0", a: "a", b: "c", epochs: [similarity(1, 1), similarity(0.1, nil, .degenerate)]),
        .init(layer: "logits", a: "a", b: "b", epochs: [similarity(1.0 / 3, 0.1), similarity(1.0 / 3, 0.1)]),
        .init(
            layer: "logits",
            a: "a",
            b: "c",
            epochs: [similarity(nil, nil, .constantFeatures), similarity(nil, nil, .constantFeatures)]
        ),
    ]
)

@Suite("Reports of comparisons", .timeLimit(.minutes(120)))
struct ComparisonReportTests {
    @Test("Means are over epochs, and undefined where one epoch is")
    func means() {
        #expect(report.pairs[0].cka == 0.375)
        #expect(report.pairs[0].debiased == -0.25)
        #expect(report.pairs[1].cka == 0.55)
        #expect(report.pairs[1].debiased == nil)
        #expect(report.pairs[1].reason == .degenerate)
        #expect(report.pairs[3].cka == nil)
    }

    @Test("The JSON has the contract's keys, 17 digits, null and a reason for what is undefined")
    func json() throws {
        struct Parsed: Decodable {
            struct Epoch: Decodable {
                let cka: Double?
                let debiased: Double?
            }
            struct Pair: Decodable {
                let layer: String
                let a: String
                let b: String
                let cka: Double?
                let debiased: Double?
                let reason: String?
                let epochs: [Epoch]
            }
            let campaign: String
            let estimator: String
            let images: Int
            let epochs: Int
            let pairs: [Pair]
        }
        let text = report.json
        let parsed = try JSONDecoder().decode(Parsed.self, from: Data(text.utf8))
        #expect(parsed.campaign == "study-01234567" && parsed.estimator == "full")
        #expect((parsed.images, parsed.epochs, parsed.pairs.count) == (64, 2, 4))
        #expect(parsed.pairs[0].reason == nil && parsed.pairs[3].reason == "constant features")
        #expect(parsed.pairs[2].cka == 1.0 / 3 && parsed.pairs[3].cka == nil)
        #expect(text.contains("0.33333333333333331"))
        #expect(text.contains("\"cka\": null"))
        #expect(parsed.pairs[1].epochs[1].debiased == nil)
    }

    @Test("The CSV has one row a pair, and nothing where a value is undefined")
    func csv() {
        let lines = report.csv.split(separator: "\n")
        #expect(lines.first == "layer,layer_b,a,b,cka,debiased,reason")
        #expect(lines[1] == "conv2d0,,a,b,0.375,-0.25,")
        #expect(lines[4] == "logits,,a,c,,,constant features")
        #expect(lines.count == 5)
    }

    @Test("The arrays are symmetric, with 1 on the diagonal and NaN where nothing was asked")
    func arrays() throws {
        let file = try NumPyFile(parsing: report.ckaArray)
        #expect(file.shape == [2, 3, 3])
        let values = file.doubles
        #expect(values[0] == 1 && values[4] == 1 && values[8] == 1)
        #expect(values[1] == 0.375 && values[3] == 0.375)
        #expect(values[5].isNaN && values[7].isNaN, "b with c was not asked")
        #expect(values[9 + 2].isNaN, "a with c is undefined at the logits")
        #expect(try NumPyFile(parsing: report.debiasedArray).doubles[1] == -0.25)
    }

    @Test("What is undefined is told with its reason, a line each")
    func undefined() {
        #expect(
            report.undefined == [
                "the debiased CKA of conv2d0 a~c is undefined: the unbiased HSIC of a layer with itself is zero",
                "CKA of logits a~c is undefined: constant features",
            ]
        )
    }

    @Test("Where epochs have two or three images, the debiased CKA alone is undefined")
    func fewImages() throws {
        let few = ComparisonReport(
            campaign: "few-01234567",
            images: 3,
            epochs: 1,
            models: ["a", "b"],
            layers: ["logits"],
            pairs: [.init(layer: "logits", a: "a", b: "b", epochs: [similarity(0.5, nil, .tooFewImages)])]
        )
        #expect(few.csv.hasSuffix("logits,,a,b,0.5,,fewer than 4 images\n"))
        #expect(few.json.contains("\"cka\": 0.5, \"debiased\": null, \"reason\": \"fewer than 4 images\""))
        #expect(try NumPyFile(parsing: few.ckaArray).doubles == [1, 0.5, 0.5, 1])
        #expect(try NumPyFile(parsing: few.debiasedArray).doubles.allSatisfy(\.isNaN))
        #expect(few.undefined == ["the debiased CKA of every pair is undefined: fewer than 4 images"])
    }

    @Test("A heat map is a readable picture that grows with the number of models", arguments: [1, 3, 40])
    func heatMap(models: Int) throws {
        let names = (0..<models).map { "model-\($0)" }
        let many = ComparisonReport(
            campaign: "c-01234567",
            images: 8,
            epochs: 1,
            models: names,
            layers: ["logits"],
            pairs: []
        )
        let image = try decodeImage(many.heatMap(of: "logits"), limits: .standard)
        #expect(image.width > 200 && image.height > 100)
        #expect(Set(image.pixels).count > 20, "there is more than one colour")
    }

    @Test("Colours run from dark to bright, and what is missing is grey")
    func colours() {
        let brightness = stride(from: 0.0, through: 1, by: 0.05).map { ComparisonReport.color(of: $0).luminance }
        #expect(zip(brightness, brightness.dropFirst()).allSatisfy { $0 < $1 })
        #expect(ComparisonReport.color(of: .nan) == .mist)
    }

    @Test("The table for a terminal lines up")
    func table() {
        let lines = report.table.split(separator: "\n")
        #expect(lines.count == 3 && Set(lines.map(\.count)).count == 1)
        #expect(lines[1].contains("0.375000") && lines[2].contains("undefined"))
    }
}
