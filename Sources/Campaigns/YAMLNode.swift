// SPDX-License-Identifier: MIT

internal import Yams

/// A node of a YAML document that is read strictly: what is not asked for by name is an error.
struct YAMLNode {
    let node: Node
    /// Where in the document it stands, for messages: "models: adam: edits".
    let path: String

    var place: Campaign.Place { Campaign.Place(line: node.mark?.line ?? 1, column: node.mark?.column ?? 1) }

    func error(_ message: String) -> CampaignError {
        CampaignError(line: place.line, column: place.column, path.isEmpty ? message : "\(path): \(message)")
    }

    // MARK: Mappings

    /// The values by key, in the document's order.
    func entries() throws(CampaignError) -> [(key: YAMLNode, value: YAMLNode)] {
        guard let mapping = node.mapping else { throw error("this must be a mapping, \"key: value\"") }
        var entries: [(key: YAMLNode, value: YAMLNode)] = []
        for (key, value) in mapping {
            guard let name = key.string else { throw YAMLNode(node: key, path: path).error("a key must be a word") }
            let below = path.isEmpty ? name : "\(path): \(name)"
            entries.append((YAMLNode(node: key, path: path), YAMLNode(node: value, path: below)))
        }
        return entries
    }

    /// The values of a section's keys; any other key is an error that lists what can stand there.
    func fields(_ section: CampaignFile.Section) throws(CampaignError) -> [String: YAMLNode] {
        let known = section.keys
        var fields: [String: YAMLNode] = [:]
        for (key, value) in try entries() {
            let name = key.node.string ?? ""
            if section.unavailableKeys.contains(name) {
                throw key.error("\"\(name)\" is not available in this version")
            }
            guard known.contains(name) else {
                throw key.error("unknown key \"\(name)\"; here can stand: \(known.joined(separator: ", "))")
            }
            fields[name] = value
        }
        return fields
    }

    func required(_ name: String, in fields: [String: YAMLNode]) throws(CampaignError) -> YAMLNode {
        guard let field = fields[name] else { throw error("the key \"\(name)\" is missing") }
        return field
    }

    // MARK: Values

    func list() throws(CampaignError) -> [YAMLNode] {
        guard let sequence = node.sequence else { throw error("this must be a list, \"[a, b]\"") }
        return sequence.map { YAMLNode(node: $0, path: path) }
    }

    /// The elements of a list, or what stands there alone.
    func listOrOne() throws(CampaignError) -> [YAMLNode] { node.sequence == nil ? [self] : try list() }

    var isMapping: Bool { node.mapping != nil }

    func text() throws(CampaignError) -> String {
        guard let text = node.scalar?.string else { throw error("this must be a text") }
        guard !text.isEmpty else { throw error("this must be a text, but it is empty") }
        guard text.utf8.count <= 4096, !text.utf8.contains(0) else { throw error("this text is too long") }
        return text
    }

    func text(oneOf choices: [String]) throws(CampaignError) -> String {
        let text = try text()
        guard choices.contains(text) else {
            throw error("\"\(text)\" is not one of \(choices.joined(separator: ", "))")
        }
        return text
    }

    func integer(in range: ClosedRange<Int>) throws(CampaignError) -> Int {
        guard let text = node.scalar?.string, let value = Int(text), range.contains(value) else {
            throw error("this must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    func number() throws(CampaignError) -> Float {
        guard let text = node.scalar?.string, let value = Float(text), !value.isNaN else {
            throw error("this must be a number")
        }
        guard value.isFinite else {
            throw error(
                "\(text.prefix(40)) does not fit float32, in which weights are kept; "
                    + "the largest number is \(Float.greatestFiniteMagnitude)"
            )
        }
        return value
    }

    func boolean() throws(CampaignError) -> Bool {
        guard let text = node.scalar?.string, ["true", "false"].contains(text) else {
            throw error("this must be true or false")
        }
        return text == "true"
    }

    /// A name that can stand in reports and file names.
    func name() throws(CampaignError) -> String {
        let text = try text()
        let allowed = text.utf8.allSatisfy { byte in
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95: true
            default: false
            }
        }
        let startsWell = text.utf8.first.map { $0 != 45 && $0 != 46 && $0 != 95 } ?? false
        guard allowed, startsWell, text.utf8.count <= 64 else {
            throw error(
                "\"\(text.prefix(80))\" is not a name: at most 64 letters, digits, dots, dashes and underscores, "
                    + "a letter or digit first"
            )
        }
        return text
    }
}

// MARK: What the parser says

extension CampaignError {
    private static let longestProblem = 200

    /// States what the parser did not understand, and where, without the text around it.
    init(_ error: YamlError, in text: String) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let words = [context?.text, problem].compactMap(\.self).joined(separator: ", ")
            self.init(Campaign.Place(mark), "this is not YAML: \(words)")
        case .reader(let problem, let offset, _, _):
            let read = text.prefix(offset ?? 0).unicodeScalars
            let column = read.reversed().prefix { $0 != "\n" }.count + 1
            let place = Campaign.Place(line: read.count { $0 == "\n" } + 1, column: column)
            self.init(place, "this is not YAML: \(problem)")
        case .duplicatedKeysInMapping(let keys, let context):
            let key = keys.first ?? ""
            let first = Campaign.Place(context.mark)
            let second = first.next(key, in: text)
            let words = "the key \"\(key.prefix(80))\" stands here twice"
            self.init(second ?? first, second == nil ? words : words + ", first in line \(first.line)")
        default: self.init("the campaign file is not YAML")
        }
    }

    private init(_ place: Campaign.Place, _ message: String) {
        self.init(line: place.line, column: place.column, String(message.prefix(Self.longestProblem)))
    }
}

extension Campaign.Place {
    fileprivate init(_ mark: Mark) {
        self.init(line: mark.line, column: mark.column)
    }

    /// Where a key stands again in the mapping that it is at this place of; nil where that is not plain to see.
    fileprivate func next(_ key: String, in text: String) -> Campaign.Place? {
        let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        guard line > 0, column > 0, line <= lines.count else { return nil }
        // Between braces, on the same line.
        let rest = Array(lines[line - 1])
        for start in rest.indices.dropFirst(column) where ["{", ",", " "].contains(rest[start - 1]) {
            if Self.isKey(key, rest[start...]) { return Campaign.Place(line: line, column: start + 1) }
        }
        // Below, as far indented, before anything that is less.
        for (number, line) in lines.enumerated().dropFirst(line) {
            let indentation = line.prefix { $0 == " " }.count
            let content = line.dropFirst(indentation)
            if content.isEmpty || content.first == "#" || content.first == "\r" { continue }
            if indentation < column - 1 { return nil }
            if indentation == column - 1, Self.isKey(key, ArraySlice(content)) {
                return Campaign.Place(line: number + 1, column: column)
            }
        }
        return nil
    }

    private static func isKey(_ key: String, _ scalars: ArraySlice<Unicode.Scalar>) -> Bool {
        for written in [key, "\"\(key)\"", "'\(key)'"] where scalars.starts(with: written.unicodeScalars) {
            let rest = scalars.dropFirst(written.unicodeScalars.count).drop { $0 == " " }
            if rest.first == ":" { return true }
        }
        return false
    }
}
