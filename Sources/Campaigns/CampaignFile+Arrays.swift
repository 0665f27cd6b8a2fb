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
}

extension Campaign.Model {
    /// The layers whose activations it has or can make.
    public var layers: [String] { arrays?.map(\.layer) ?? InceptionV1.layers.map(\.name) }
}
