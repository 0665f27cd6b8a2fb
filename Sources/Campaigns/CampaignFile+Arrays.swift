// SPDX-License-Identifier: MIT

private import Networks

/// What a campaign file says of activations that other programs made.
extension CampaignFile {
    /// A model that has arrays instead of weights.
    static func model(
        _ name: String,
        of node: YAMLNode,
        _ fields: [String: YAMLNode],
        place: Campaign.Place
    ) throws(CampaignError) -> Campaign.Model {
        for key in ["weights", "edits", "strict", "batch_norm"] {
            guard let field = fields[key] else { continue }
            throw field.error("\"\(key)\" has no meaning beside \"arrays\": a model has either weights or arrays")
        }
        var arrays: [Campaign.Model.LayerArray] = []
        for (key, value) in try node.entries() {
            let layer = try key.name()
            if let other = arrays.first(where: { $0.layer.lowercased() == layer.lowercased() }) {
                throw key.error("\"\(layer)\" and \"\(other.layer)\" must differ by more than capitals")
            }
            if let ours = InceptionV1.layers.first(where: { $0.name.lowercased() == layer.lowercased() }),
                ours.name != layer
            {
                throw key.error(
                    "\"\(layer)\" differs from the layer \"\(ours.name)\" by capitals alone; write it as that"
                )
            }
            let source = try value.text()
            if source.contains("://"), !["http://", "https://"].contains(where: source.lowercased().hasPrefix) {
                throw value.error("arrays are read from paths and from http and https addresses only")
            }
            arrays.append(Campaign.Model.LayerArray(layer: layer, source: source, place: value.place))
        }
        guard !arrays.isEmpty else { throw node.error("there must be at least one array, \"LAYER: FILE\"") }
        return Campaign.Model(
            name: name,
            weights: nil,
            arrays: arrays,
            images: try fields["images"]?.text(),
            batchNorm: false,
            strict: true,
            edits: [],
            place: place
        )
    }

    /// The layers of a comparison: named ones must be shared by some pair, patterns mean those that are.
    static func comparedLayers(
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
}

extension Campaign.Model {
    /// The layers whose activations it has or can make.
    public var layers: [String] { arrays?.map(\.layer) ?? InceptionV1.layers.map(\.name) }
}
