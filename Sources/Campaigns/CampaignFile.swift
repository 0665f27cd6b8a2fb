// SPDX-License-Identifier: MIT

internal import Networks
private import Yams

/// Reads campaign files, which nobody vouches for.
public enum CampaignFile {
    /// The most bytes that a campaign file may have.
    public static let byteLimit = 1_000_000
    /// The most nodes that it may have.
    public static let nodeLimit = 100_000
    /// How deep nodes may be nested.
    static let depthLimit = 32

    /// Reads a campaign; all that can be said without looking at other files is checked.
    public static func parse(_ bytes: [UInt8]) throws(CampaignError) -> Campaign {
        let root = try compose(bytes)
        let fields = try root.fields(.campaign)
        let models = try self.models(root.required("models", in: fields))
        guard fields["cka"] != nil || fields["lucid"] != nil || fields["activations"] != nil else {
            throw root.error("nothing is asked for: add \"cka\", \"lucid\" or \"activations\"")
        }
        // Where every model has arrays, their rows are the data set.
        let needsImages = fields["activations"] != nil || models.contains { $0.arrays == nil }
        if let activations = fields["activations"], models.allSatisfy({ $0.weights == nil }) {
            throw activations.error("activations are made by networks, and every model here has arrays")
        }
        if fields["cka"] != nil || fields["activations"] != nil, needsImages {
            _ = try root.required("dataset", in: fields)
        }
        return Campaign(
            name: try root.required("name", in: fields).name(),
            models: models,
            dataset: try fields["dataset"].map { (node) throws(CampaignError) in try dataset(node) },
            cka: try fields["cka"].map { (node) throws(CampaignError) in try comparison(node, models: models) },
            activations: try fields["activations"].map { (node) throws(CampaignError) in
                try activations(node, models: models)
            },
            lucid: try fields["lucid"].map { (node) throws(CampaignError) in try pictures(node, models: models) },
            reproducible: try fields["reproducible"]?.boolean() == true ? true : nil,
            priority: try fields["priority"]?.integer(in: 0...9) ?? 5,
            arrays: try arrays(fields["arrays"]),
            limits: try limits(fields["limits"])
        )
    }

    // MARK: The document

    private static func compose(_ bytes: [UInt8]) throws(CampaignError) -> YAMLNode {
        guard bytes.count <= byteLimit else {
            throw CampaignError("the campaign file has \(bytes.count) bytes; at most \(byteLimit) are read")
        }
        let marked = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
        guard let text = String(validating: marked, as: UTF8.self) else {
            throw CampaignError("the campaign file is not text in UTF-8")
        }
        try checkDepth(marked)
        try checkAliases(marked)
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw CampaignError(error, in: text)
        } catch {
            throw CampaignError("the campaign file cannot be read")
        }
        guard let node else { throw CampaignError("the campaign file is empty") }
        var count = 0
        try checkSize(node, depth: 0, count: &count)
        return YAMLNode(node: node, path: "")
    }

    /// Refuses aliases before the parser runs, which would take exponential time for some keys made of them.
    ///
    /// An alias is any "*x" of a text that has an "&x" as well: without the latter it would mean nothing.
    private static func checkAliases(_ bytes: [UInt8]) throws(CampaignError) {
        var anchors: Set<ArraySlice<UInt8>> = []
        forEachName(in: bytes, after: UInt8(ascii: "&")) { name, _ in
            anchors.insert(name)
            return true
        }
        if anchors.isEmpty { return }
        var alias: Int?
        forEachName(in: bytes, after: UInt8(ascii: "*")) { name, position in
            if anchors.contains(name) { alias = position }
            return alias == nil
        }
        guard let alias else { return }
        let before = bytes[..<alias]
        throw CampaignError(
            line: before.count { $0 == UInt8(ascii: "\n") } + 1,
            column: before.reversed().prefix { $0 != UInt8(ascii: "\n") }.count { $0 & 0xC0 != 0x80 } + 1,
            "aliases (\"&x\" with \"*x\") are not read in this version; write out what is meant"
        )
    }

    /// Calls a body with each name that follows a sign, and where the sign stands, until it returns false.
    private static func forEachName(
        in bytes: [UInt8],
        after sign: UInt8,
        _ body: (_ name: ArraySlice<UInt8>, _ position: Int) -> Bool
    ) {
        for position in bytes.indices where bytes[position] == sign {
            let name = bytes[(position + 1)...].prefix { byte in
                switch byte {
                case 48...57, 65...90, 97...122, 45, 95: true
                default: false
                }
            }
            if !name.isEmpty, !body(name, position) { return }
        }
    }

    /// Refuses deep nesting before the parser runs; quoted brackets count as well.
    ///
    /// What is hidden between them meets the parser's own limit of a thousand levels.
    private static func checkDepth(_ bytes: [UInt8]) throws(CampaignError) {
        var brackets = 0
        var line = 1
        var indicators = 0
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "["), UInt8(ascii: "{"): brackets += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"): brackets = max(0, brackets - 1)
            case UInt8(ascii: "-"), UInt8(ascii: "?"): indicators += 1
            case UInt8(ascii: "\n"): (line, indicators) = (line + 1, 0)
            case UInt8(ascii: " "), UInt8(ascii: "\t"): break
            default: indicators = 0
            }
            guard brackets <= depthLimit, indicators <= 256 else {
                throw CampaignError(line: line, column: 1, "this is nested too deeply")
            }
        }
    }

    private static func checkSize(_ node: Node, depth: Int, count: inout Int) throws(CampaignError) {
        count += 1
        guard count <= nodeLimit, depth <= depthLimit else {
            throw CampaignError(
                "the campaign file has more than \(nodeLimit) nodes, or is nested deeper than \(depthLimit)"
            )
        }
        switch node {
        case .mapping(let mapping):
            for (key, value) in mapping {
                try checkSize(key, depth: depth + 1, count: &count)
                try checkSize(value, depth: depth + 1, count: &count)
            }
        case .sequence(let sequence):
            for element in sequence { try checkSize(element, depth: depth + 1, count: &count) }
        case .scalar, .alias: break
        }
    }

    // MARK: Images and the comparison

    private static func dataset(_ node: YAMLNode) throws(CampaignError) -> Campaign.Dataset {
        if let name = node.node.string {
            guard ["celeba", "imagenet"].contains(name) else {
                throw node.error(
                    "there is no data set \"\(name)\": published ones are celeba and imagenet; write "
                        + "\"{images: FOLDER}\" for your own"
                )
            }
            return Campaign.Dataset(images: name, isPublished: true)
        }
        let fields = try node.fields(.dataset)
        let images = try node.required("images", in: fields)
        let place = try images.text()
        if place.contains("://"), !place.hasPrefix("http://"), !place.hasPrefix("https://") {
            throw images.error("archives are fetched from http and https addresses only")
        }
        return Campaign.Dataset(
            images: place,
            isPublished: nil,
            list: try fields["list"]?.text(),
            skipsUnreadable: try fields["on_error"]?.text(oneOf: ["fail", "skip"]) == "skip" ? true : nil
        )
    }

    private static func activations(
        _ node: YAMLNode,
        models: [Campaign.Model]
    ) throws(CampaignError) -> Campaign.Activations {
        let fields = try node.fields(.activations)
        return Campaign.Activations(
            models: try networkNames(fields["models"], in: node, of: models),
            layers: try layers(node.required("layers", in: fields), of: InceptionV1.layers.map(\.name))
        )
    }

    /// Models with weights by name, in the campaign's order; all of them where none are named.
    static func networkNames(
        _ node: YAMLNode?,
        in parent: YAMLNode,
        of models: [Campaign.Model]
    ) throws(CampaignError) -> [String] {
        let networks = models.filter { $0.weights != nil }.map(\.name)
        guard !networks.isEmpty else { throw parent.error("this needs a network, and no model has weights") }
        guard let node else { return networks }
        var wanted: Set<String> = []
        for item in try node.list() {
            let name = try item.text()
            guard models.contains(where: { $0.name == name }) else { throw item.error(unknownModel(name, models)) }
            guard networks.contains(name) else { throw item.error(hasNoWeights(name)) }
            guard wanted.insert(name).inserted else { throw item.error("\"\(name)\" stands here twice") }
        }
        guard !wanted.isEmpty else { throw node.error("there must be at least one model") }
        return networks.filter { wanted.contains($0) }
    }

    /// The layers among known ones that names and patterns mean, in the order of those known.
    static func layers(_ node: YAMLNode, of known: [String]) throws(CampaignError) -> [String] {
        let items = try node.listOrOne()
        var wanted: Set<String> = []
        var seen: Set<String> = []
        for item in items {
            let pattern = try item.text()
            guard seen.insert(pattern).inserted else { throw item.error("\"\(pattern)\" stands here twice") }
            let matching = known.filter { pattern == "all" || matches(pattern, $0) }
            guard !matching.isEmpty else { throw item.error(unknownLayer(pattern, known)) }
            wanted.formUnion(matching)
        }
        guard !wanted.isEmpty else { throw node.error("there must be at least one layer") }
        return known.filter { wanted.contains($0) }
    }

    private static func unknownLayer(_ name: String, _ known: [String]) -> String {
        let others = known.filter { InceptionV1.layer(named: $0) == nil }
        let also = others.isEmpty ? "" : "; arrays have \(others.prefix(20).joined(separator: ", "))"
        return "\(WeightsError.unknownLayer(name))\(also)"
    }

    /// Whether a name matches a pattern in which "*" stands for any characters and "?" for one.
    static func matches(_ pattern: String, _ name: String) -> Bool {
        let (pattern, name) = (Array(pattern.utf8), Array(name.utf8))
        var reachable = Set([0])
        for symbol in pattern {
            switch symbol {
            case UInt8(ascii: "*"): reachable = Set((reachable.min() ?? name.count + 1)..<(name.count + 1))
            default:
                reachable = Set(
                    reachable.filter { $0 < name.count && (symbol == UInt8(ascii: "?") || name[$0] == symbol) }
                        .map { $0 + 1 }
                )
            }
            if reachable.isEmpty { return false }
        }
        return reachable.contains(name.count)
    }

    // MARK: Options

    private static func arrays(_ node: YAMLNode?) throws(CampaignError) -> Campaign.ArrayOptions {
        let fields = try node?.fields(.arrays) ?? [:]
        return Campaign.ArrayOptions(
            dtype: try fields["dtype"]?.text(oneOf: ["float32", "float16"]) ?? "float32",
            codec: try fields["codec"]?.text(oneOf: ["zstd", "shuffle-zstd"]) ?? "shuffle-zstd"
        )
    }

    private static func limits(_ node: YAMLNode?) throws(CampaignError) -> Campaign.Limits {
        let fields = try node?.fields(.limits) ?? [:]
        return Campaign.Limits(
            bytes: try fields["bytes"]?.integer(in: 1...(1 << 40)) ?? 256 << 20,
            pixels: try fields["pixels"]?.integer(in: 1...(1 << 32)) ?? 64_000_000,
            entries: try fields["entries"]?.integer(in: 1...(1 << 32))
        )
    }
}
