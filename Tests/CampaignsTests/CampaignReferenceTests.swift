// SPDX-License-Identifier: MIT

import Archives
import Networks
import Testing

@testable import Campaigns

/// `Sources/CampaignFile.md` beside the parser.
@Suite("The reference of the campaign file", .timeLimit(.minutes(120)))
struct CampaignReferenceTests {
    typealias Row = CampaignReference.Row
    typealias Section = CampaignFile.Section

    private static let reference = try? CampaignReference()
    /// The rows of keys that the parser gives.
    static let rows = reference?.rows.filter { !$0.isPlaceholder } ?? []
    static let blocks = reference?.examples ?? []

    private func parse(_ text: String) throws -> Campaign { try CampaignFile.parse(Array(text.utf8)) }

    private func section(of row: Row) throws -> Section { try #require(Section(rawValue: row.section)) }

    /// A campaign with a value for a row's key.
    private func campaign(_ row: Row, _ value: String) throws -> String {
        try section(of: row).text(with: "\(row.key): \(value)", for: row.key)
    }

    /// What a campaign's id is made from, besides the contents of files; nil for what is refused.
    private func identity(_ text: String) -> String? {
        (try? canonicalJSON(parse(text))).map { String(decoding: $0, as: UTF8.self) }
    }

    private func refusal(_ text: String) -> String {
        do {
            _ = try parse(text)
            return ""
        } catch {
            return "\(error)"
        }
    }

    // MARK: Keys

    @Test("Every key of the parser has a row, and no other has", arguments: Section.allCases)
    func keys(section: Section) {
        #expect(Self.rows.filter { $0.section == section.rawValue }.map(\.key).sorted() == section.keys.sorted())
    }

    @Test("Keys that users choose are described too, and no row is of another mapping")
    func placeholders() throws {
        let rows = try CampaignReference().rows
        #expect(rows.filter(\.isPlaceholder).map(\.path) == ["models.NAME", "models.NAME.arrays.LAYER"])
        let sections = Set(Section.allCases.map(\.rawValue))
        #expect(rows.filter { !$0.isPlaceholder && !sections.contains($0.section) }.map(\.path) == [])
    }

    @Test("Keys of another version are named as such")
    func unavailable() throws {
        let text = try CampaignReference().text
        for section in Section.allCases {
            for key in section.unavailableKeys {
                #expect(text.contains("`\(key)` is refused"), "\(key)")
                #expect(refusal(section.text(with: "\(key): 1", for: key)).contains("not available"), "\(key)")
            }
        }
    }

    // MARK: Values

    @Test("An example is read, and says something that makes another campaign", arguments: rows)
    func example(row: Row) throws {
        try #require(row.example.hasPrefix("\(row.key): "))
        let section = try section(of: row)
        let text = section.text(with: row.example, for: row.key)
        #expect(throws: Never.self) { try parse(text) }
        let isDefault = row.path == "cka.estimator" || row.path == "cka.across"
        let others = [section.text(with: nil, for: row.key), section.text(with: nil, for: "")].map(identity)
        #expect(others.contains { $0 != nil })
        for other in others where other != nil { #expect((identity(text) == other) == isDefault) }
    }

    @Test("What a key is by default is no other campaign if it is written out", arguments: rows)
    func defaults(row: Row) throws {
        let section = try section(of: row)
        let without = section.text(with: nil, for: row.key)
        if let value = row.defaultValue {
            let with = try campaign(row, value)
            try #require(identity(with) != nil && identity(without) != nil)
            #expect((identity(with) == identity(without)) == (row.path != "limits.entries"))
        } else if row.fallback.hasPrefix("required") {
            #expect(throws: CampaignError.self) { try parse(without) }
        } else {
            #expect(throws: Never.self) { try parse(without) }
        }
    }

    @Test("An archive of images has as many entries by default as the table says")
    func entries() throws {
        let row = try #require(Self.rows.first { $0.path == "limits.entries" })
        #expect(row.defaultValue == "\(ArchiveLimits.pictures.entries)")
    }

    @Test("A whole number is read from its lower bound to its upper one", arguments: rows.filter { $0.bounds != nil })
    func bounds(row: Row) throws {
        let bounds = try #require(row.bounds)
        func text(_ number: String) throws -> String {
            try campaign(row, row.type.hasPrefix("list") ? "[\(number)]" : number)
        }
        for number in [bounds.lowerBound, bounds.upperBound] {
            #expect(throws: Never.self) { try parse(text("\(number)")) }
        }
        let below = bounds.lowerBound == 0 ? "-1" : "\(bounds.lowerBound - 1)"
        for number in [below, "\(bounds.upperBound + 1)"] {
            #expect(refusal(try text(number)).contains("this must be a whole number from"), "\(number)")
        }
    }

    @Test("Bounds are given for all whole numbers")
    func boundedNumbers() {
        #expect(Self.rows.filter { $0.type.contains("whole number") != ($0.bounds != nil) }.map(\.path) == [])
    }

    @Test("The values of a choice are those that the parser has", arguments: rows.filter { $0.type == "choice" })
    func choices(row: Row) throws {
        let choices = CampaignReference.spans(of: row.values)
        for choice in choices { #expect(throws: Never.self) { try parse(campaign(row, choice)) } }
        let words = refusal(try campaign(row, "other"))
        let listed = choices.joined(separator: ", ")
        #expect(words.hasSuffix("is not one of \(listed)") || words.contains("only \"\(listed)\" is"), "\(words)")
    }

    @Test("A value of another type is refused", arguments: rows)
    func types(row: Row) throws {
        let refused: (value: String, words: String)? =
            switch row.type {
            case "text", "name", "choice": ("[]", "must be a text")
            case "number": ("x", "must be a number")
            case "whole number": ("1.5", "must be a whole number")
            case "true or false": ("yes", "must be true or false")
            case "text or list": ("[[]]", "must be a text")
            case "mapping": ("word", "must be a mapping")
            case "mapping or published name": ("[]", "must be a mapping")
            default: row.type.hasPrefix("list of ") ? ("word", "must be a list") : nil
            }
        let (value, words) = try #require(refused, "the type is none of those that the reference explains")
        #expect(refusal(try campaign(row, value)).contains(words))
    }

    @Test("Texts and names are as long as the table of bounds says, and no longer")
    func lengths() throws {
        let bounds = try CampaignReference().bounds
        let row = try #require(Self.rows.first { $0.path == "dataset.list" })
        let name = try #require(Self.rows.first { $0.path == "name" })
        for (row, most) in [(row, bounds["bytes of a text"]), (name, bounds["characters of a name"])] {
            let most = try #require(most)
            #expect(throws: Never.self) { try parse(campaign(row, String(repeating: "x", count: most))) }
            #expect(throws: CampaignError.self) { try parse(campaign(row, String(repeating: "x", count: most + 1))) }
        }
    }

    @Test("Thresholds are as many as the reference says")
    func thresholds() throws {
        let most = try #require(try CampaignReference().bounds["thresholds"])
        func lucid(_ count: Int, size: Int) -> String {
            let thresholds = (1...count).map(String.init).joined(separator: ", ")
            let line = "lucid: {neurons: conv2d0, size: \(size), thresholds: [\(thresholds)]}"
            return Section.campaign.text(with: line, for: "lucid")
        }
        for (count, size) in [(most, 32), (297, 224), (14, 1024)] {
            #expect(throws: Never.self) { try parse(lucid(count, size: size)) }
            #expect(refusal(lucid(count + 1, size: size)).contains("there may be at most \(count) thresholds"))
        }
        let text = try CampaignReference().text.replacing("\n", with: " ")
        #expect(text.contains("297 thresholds at a size of 224, 14 at 1,024"))
    }

    @Test("The bounds of the whole file are those of the parser and of the plan")
    func fileBounds() throws {
        let bounds = try CampaignReference().bounds
        #expect(bounds["bytes of the file"] == CampaignFile.byteLimit)
        #expect(bounds["nodes: keys, values and entries"] == CampaignFile.nodeLimit)
        #expect(bounds["depth of nesting"] == CampaignFile.depthLimit)
        #expect(bounds["different models"] == CampaignPlan.matricesPerHSICJob)
    }

    // MARK: Examples and names

    @Test("Every block of YAML is a campaign, or a part of one", arguments: blocks)
    func examples(example: CampaignReference.Example) {
        #expect(throws: Never.self) { try parse(example.completed) }
    }

    @Test("There are whole campaigns and parts, and the first one has all mappings")
    func completeExample() throws {
        #expect(Self.blocks.contains(where: \.isWhole) && Self.blocks.contains { !$0.isWhole })
        let first = try #require(Self.blocks.first)
        for key in Section.campaign.keys { #expect("\n\(first.text)".contains("\n\(key):"), "\(key)") }
    }

    @Test("All published networks and no other layers are named")
    func names() throws {
        let text = try CampaignReference().text
        for name in NetworkCatalogue.names { #expect(text.contains("`\(name)`"), "\(name)") }
        #expect(text.contains("the \(InceptionV1.layers.count) layers"))
    }
}
