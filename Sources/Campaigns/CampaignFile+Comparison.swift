// SPDX-License-Identifier: MIT

/// What a campaign file says of the models that are compared, and of the layers.
extension CampaignFile {
    static func comparison(
        _ node: YAMLNode,
        models: [Campaign.Model]
    ) throws(CampaignError) -> Campaign.Comparison {
        let fields = try node.fields(.cka)
        for (key, only) in [("estimator", "full"), ("across", "models")] {
            guard let field = fields[key], try field.text() != only else { continue }
            throw field.error("only \"\(only)\" is available in this version")
        }
        if let lists = fields["image_lists"] {
            for key in ["epochs", "iterations", "batch_size"] where fields[key] != nil {
                throw lists.error("\"\(key)\" has no meaning beside \"image_lists\": its lines are the epochs")
            }
        }
        guard models.count > 1 else { throw node.error("models are compared with one another, and there is only one") }
        let pairs = try pairs(fields["pairs"], models: models)
        let layers = try sharedLayers(node.required("layers", in: fields), pairs, models)
        try requireCommonLayers(fields["pairs"], among: layers, models)
        return Campaign.Comparison(
            layers: layers,
            pairs: pairs,
            epochs: try fields["epochs"]?.integer(in: 1...10_000) ?? 10,
            iterations: try fields["iterations"]?.integer(in: 1...1_000_000) ?? 64,
            batchSize: try fields["batch_size"]?.integer(in: 1...1_000_000) ?? 32,
            imageLists: try fields["image_lists"]?.text()
        )
    }

    // MARK: Layers

    /// The layers of a comparison: named ones must be shared by some pair, patterns mean those that are.
    private static func sharedLayers(
        _ node: YAMLNode,
        _ pairs: [[String]],
        _ models: [Campaign.Model]
    ) throws(CampaignError) -> [String] {
        let layersOf = Dictionary(uniqueKeysWithValues: models.map { ($0.name, $0.layers) })
        let known = CampaignManifest.inNetworkOrder(models.flatMap(\.layers))
        if let (first, second) = Self.alike(known) {
            throw node.error("the layers \"\(first)\" and \"\(second)\" must differ by more than capitals")
        }
        let shared = Set(
            pairs.flatMap { pair in
                Set(layersOf[pair[0]] ?? []).intersection(layersOf[pair[1]] ?? [])
            }
        )
        for item in try node.listOrOne() {
            let pattern = try item.text()
            let matching = known.filter { pattern == "all" || matches(pattern, $0) }
            guard !matching.isEmpty, shared.isDisjoint(with: matching) else { continue }
            throw item.error("no pair of models has \(pattern == "all" ? "a layer" : "\"\(pattern)\"") in common")
        }
        return try layers(node, of: known).filter(shared.contains)
    }

    private static func alike(_ names: [String]) -> (String, String)? {
        var seen: [String: String] = [:]
        for name in names {
            if let other = seen.updateValue(name, forKey: name.lowercased()) { return (other, name) }
        }
        return nil
    }

    // MARK: Pairs

    private static func pairs(_ node: YAMLNode?, models: [Campaign.Model]) throws(CampaignError) -> [[String]] {
        let names = models.map(\.name)
        guard let node else {
            return names.indices.flatMap { first in names[(first + 1)...].map { [names[first], $0] } }
        }
        var wanted: Set<[Int]> = []
        for item in try node.list() {
            let places = try pair(item, of: models)
            guard wanted.insert(places).inserted else { throw item.error("this pair stands here twice") }
        }
        guard !wanted.isEmpty else { throw node.error("there must be at least one pair") }
        return wanted.sorted { ($0[0], $0[1]) < ($1[0], $1[1]) }.map { [names[$0[0]], names[$0[1]]] }
    }

    /// The places of a pair's two models in the campaign, ascending.
    private static func pair(_ node: YAMLNode, of models: [Campaign.Model]) throws(CampaignError) -> [Int] {
        let items = try node.list()
        guard items.count == 2 else { throw node.error("a pair is two models, \"[a, b]\"") }
        var places: [Int] = []
        for item in items {
            let name = try item.text()
            guard let place = models.firstIndex(where: { $0.name == name }) else {
                throw item.error(unknownModel(name, models))
            }
            places.append(place)
        }
        guard places[0] != places[1] else { throw node.error("a pair needs two different models") }
        return places.sorted()
    }

    /// Refuses a pair that was named, but of which no layer would be compared.
    private static func requireCommonLayers(
        _ pairs: YAMLNode?,
        among layers: [String],
        _ models: [Campaign.Model]
    ) throws(CampaignError) {
        for item in try pairs?.list() ?? [] {
            let pair = try pair(item, of: models).map { models[$0] }
            let isCompared = layers.contains { layer in pair.allSatisfy { $0.layers.contains(layer) } }
            guard !isCompared else { continue }
            let names = pair.map { "\"\($0.name)\"" }.joined(separator: " and ")
            throw item.error("\(names) have none of the compared layers in common")
        }
    }
}
