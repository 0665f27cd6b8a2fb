// SPDX-License-Identifier: MIT

private import Networks

/// What a campaign file says of its models.
extension CampaignFile {
    /// The models in the file's order.
    static func models(_ node: YAMLNode) throws(CampaignError) -> [Campaign.Model] {
        var models: [Campaign.Model] = []
        var names: Set<String> = []
        for (key, value) in try node.entries() {
            let name = try key.name()
            guard names.insert(name.lowercased()).inserted else {
                throw key.error("two models are called \"\(name)\"; names must differ by more than capitals")
            }
            models.append(try model(name, value, place: key.place))
        }
        guard !models.isEmpty else { throw node.error("there must be at least one model") }
        for (model, entry) in zip(models, try node.entries()) {
            for name in model.edits.compactMap(\.from) {
                guard let source = models.first(where: { $0.name == name }) else {
                    throw entry.value.error(unknownModel(name, models))
                }
                if source.weights == nil { throw entry.value.error(hasNoWeights(name)) }
            }
        }
        return models
    }

    private static func model(
        _ name: String,
        _ node: YAMLNode,
        place: Campaign.Place
    ) throws(CampaignError) -> Campaign.Model {
        let fields = try node.fields(.model)
        if let arrays = fields["arrays"] { return try model(name, of: arrays, fields, place: place) }
        if let images = fields["images"] {
            throw images.error("\"images\" names the rows of \"arrays\", and this model has none")
        }
        guard let source = fields["weights"] else {
            throw node.error("the key \"weights\" is missing (or \"arrays\", for activations of another program)")
        }
        let weights = try source.text()
        do throws(WeightsError) { _ = try NetworkWeights.seed(parsing: weights) } catch {
            throw source.error("\(error)")
        }
        return Campaign.Model(
            name: name,
            weights: weights,
            arrays: nil,
            images: nil,
            batchNorm: try fields["batch_norm"]?.boolean() ?? NetworkCatalogue.usesBatchNorm(weights),
            strict: try fields["strict"]?.boolean() ?? true,
            edits: try edits(fields["edits"]),
            place: place
        )
    }

    private static func edits(_ node: YAMLNode?) throws(CampaignError) -> [Campaign.Edit] {
        var edits: [Campaign.Edit] = []
        for item in try node?.list() ?? [] {
            let fields = try item.fields(.edit)
            let target = try item.required("set", in: fields)
            let parts = try target.text().split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard let layer = InceptionV1.layer(named: parts[0]) else {
                throw target.error("\(WeightsError.unknownLayer(parts[0]))")
            }
            var neuron: Int?
            if parts.count > 1 {
                guard parts.count == 2, let number = Int(parts[1]), (0..<layer.neuronCount).contains(number) else {
                    throw target.error(
                        "\"\(parts.dropFirst().joined(separator: ":"))\" is no neuron of \(layer.name); "
                            + "it has 0 to \(layer.neuronCount - 1)"
                    )
                }
                neuron = number
            }
            guard (fields["from"] == nil) != (fields["value"] == nil) else {
                throw item.error("an edit needs either \"from: MODEL\" or \"value: NUMBER\"")
            }
            edits.append(
                Campaign.Edit(
                    layer: layer.name,
                    neuron: neuron,
                    mode: try fields["mode"]?.text(oneOf: NetworkWeights.EditMode.allCases.map(\.rawValue)) ?? "both",
                    from: try fields["from"]?.name(),
                    value: try fields["value"]?.number()
                )
            )
        }
        return edits
    }

    /// Says that a model is no network.
    static func hasNoWeights(_ name: String) -> String {
        "\"\(name)\" has arrays and no weights; a network is needed here"
    }

    /// Says that there is no such model.
    static func unknownModel(_ name: String, _ models: [Campaign.Model]) -> String {
        "there is no model \"\(name)\"; the models are \(models.map(\.name).joined(separator: ", "))"
    }
}
