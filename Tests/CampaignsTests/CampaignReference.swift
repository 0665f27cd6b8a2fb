// SPDX-License-Identifier: MIT

import SystemPackage
import SystemSupport
import Testing

@testable import Campaigns

/// What `Sources/CampaignFile.md` says of the campaign file.
struct CampaignReference {
    /// A key, as a row of a table describes it.
    struct Row: Sendable, CustomTestStringConvertible {
        let path: String
        let type: String
        let fallback: String
        let values: String
        let example: String

        var testDescription: String { path }

        /// The mapping that it stands in.
        var section: String { path.contains(".") ? String(path[..<(path.lastIndex(of: ".") ?? path.endIndex)]) : "" }

        var key: String { path.split(separator: ".").last.map(String.init) ?? "" }

        /// Whether its users choose the key.
        var isPlaceholder: Bool { key.allSatisfy(\.isUppercase) }

        /// What stands for the key where it is left out; nil where that is said in words, or nothing.
        var defaultValue: String? { fallback.hasPrefix("`") ? CampaignReference.spans(of: fallback).first : nil }

        /// The bounds of a whole number, as in "1 to 10,000".
        var bounds: ClosedRange<UInt64>? {
            let words = values.replacing(",", with: "").split(separator: " ")
            guard let middle = words.firstIndex(of: "to"), middle > 0, middle + 1 < words.count,
                let lower = UInt64(words[middle - 1]), let upper = UInt64(words[middle + 1]), lower <= upper
            else { return nil }
            return lower...upper
        }
    }

    /// A block of YAML.
    struct Example: Sendable, CustomTestStringConvertible {
        let text: String
        let isWhole: Bool

        var testDescription: String { String(text.prefix(60)) }

        /// A campaign file: the block itself, or with what it leaves out.
        var completed: String {
            if isWhole { return text }
            let keys = Set(
                text.split(separator: "\n").filter { $0.first?.isLowercase == true }.map { $0.prefix { $0 != ":" } }
            )
            var lines = [text]
            if !keys.contains("name") { lines.append("name: study") }
            if !keys.contains("models") {
                lines.append("models: {imagenet: {weights: imagenet}, adam: {weights: adam}}")
            }
            if !keys.contains("dataset") { lines.append("dataset: celeba") }
            if keys.isDisjoint(with: ["cka", "activations", "lucid"]) { lines.append("cka: {layers: all}") }
            return lines.joined(separator: "\n") + "\n"
        }
    }

    let text: String
    let rows: [Row]
    let examples: [Example]
    /// The table of bounds: what is bounded, and the most.
    let bounds: [String: Int]

    init() throws {
        let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
        let file = root.pushing("Sources/CampaignFile.md")
        let bytes = try LocalFileSystem().contents(of: file, limit: 1 << 20)
        text = String(decoding: bytes, as: UTF8.self)
        var rows: [Row] = []
        var examples: [Example] = []
        var bounds: [String: Int] = [:]
        var header: [String] = []
        var block: (info: Substring, lines: [Substring])?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") {
                if let block, block.info.hasPrefix("yaml") {
                    let lines = block.lines.map { $0 + "\n" }
                    examples.append(Example(text: lines.joined(), isWhole: block.info == "yaml"))
                }
                if block == nil { block = (line.dropFirst(3), []) } else { block = nil }
            } else if block != nil {
                block?.lines.append(line)
            } else if line.hasPrefix("|") {
                let cells = Self.cells(of: line)
                if header.isEmpty { header = cells }
                if header.first == "Key", cells.count == 6, let path = Self.spans(of: cells[0]).first {
                    let example = Self.spans(of: cells[5]).first ?? ""
                    rows.append(
                        Row(path: path, type: cells[1], fallback: cells[2], values: cells[3], example: example)
                    )
                }
                if header == ["What", "At most"], let most = Int(cells[1].replacing(",", with: "")) {
                    bounds[cells[0]] = most
                }
            } else {
                header = []
            }
        }
        (self.rows, self.examples, self.bounds) = (rows, examples, bounds)
    }

    private static func cells(of line: Substring) -> [String] {
        line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast().map { cell in
            let start = cell.drop(while: \.isWhitespace)
            return String(start.prefix(start.reversed().drop(while: \.isWhitespace).count))
        }
    }

    /// What stands between backquotes.
    static func spans(of cell: String) -> [String] {
        let parts = cell.split(separator: "`", omittingEmptySubsequences: false)
        return parts.indices.filter { !$0.isMultiple(of: 2) }.map { String(parts[$0]) }
    }
}

// MARK: Campaigns

extension CampaignFile.Section {
    /// The fewest keys that a campaign needs which has the section, as YAML.
    private var needed: [(key: String, line: String)] {
        switch self {
        case .campaign:
            [
                ("name", "name: study"),
                ("models", Self.models(adam: "weights: \"seeded:1\"")),
                ("dataset", "dataset: {images: photos}"),
                ("cka", "cka: {layers: all}"),
            ]
        case .model: [("weights", "weights: \"seeded:1\"")]
        case .edit: [("set", "set: conv2d0"), ("value", "value: 0")]
        case .dataset: [("images", "images: photos")]
        case .cka, .activations: [("layers", "layers: all")]
        case .lucid: [("neurons", "neurons: conv2d0")]
        case .objective: [("direction", "direction: direction.npy")]
        case .arrays, .limits: []
        }
    }

    private static func models(adam: String) -> String {
        "models: {imagenet: {weights: \"seeded:2\"}, sgd: {weights: \"seeded:3\"}, adam: {\(adam)}}"
    }

    /// A campaign file with a line for one of the section's keys, or without that key.
    func text(with line: String?, for key: String) -> String {
        var lines = needed.filter { $0.key != key }
        switch (self, key) {
        case (.model, "arrays"): lines = []
        case (.model, "images"): lines = [("arrays", "arrays: {mixed4a_3x3: stage3.npy}")]
        // Without what is asked for first, something else is to be asked for.
        case (.campaign, "cka") where line == nil: lines.append(("lucid", "lucid: {neurons: conv2d1}"))
        case (.edit, "from"): lines.removeAll { $0.key == "value" }
        default: break
        }
        let all = lines.map(\.line) + (line.map { [$0] } ?? [])
        let flow = all.joined(separator: ", ")
        return switch self {
        case .campaign: all.map { $0 + "\n" }.joined()
        case .model: Self.campaign.text(with: Self.models(adam: flow), for: "models")
        case .edit: Self.model.text(with: "edits: [{\(flow)}]", for: "edits")
        case .objective: Self.lucid.text(with: "objective: {\(flow)}", for: "objective")
        case .dataset, .cka, .activations, .lucid, .arrays, .limits:
            Self.campaign.text(with: "\(rawValue): {\(flow)}", for: rawValue)
        }
    }
}
