// SPDX-License-Identifier: MIT

/// What a campaign's models are there for.
extension Campaign {
    /// The layers of each model that are compared with those of another one, by its name, in the comparison's order.
    public var comparedLayers: [String: [String]] {
        guard let cka else { return [:] }
        let layers = Dictionary(uniqueKeysWithValues: models.map { ($0.name, Set($0.layers).intersection(cka.layers)) })
        // Mostly empty after a model's first pair, which matters with millions of pairs.
        var alone = layers
        for pair in cka.pairs {
            for (model, partner) in [(pair[0], pair[1]), (pair[1], pair[0])] where alone[model]?.isEmpty == false {
                alone[model]?.subtract(layers[partner] ?? [])
            }
        }
        return layers.reduce(into: [:]) { compared, model in
            let shared = model.value.subtracting(alone[model.key] ?? [])
            compared[model.key] = cka.layers.filter(shared.contains)
        }
    }

    /// The layers whose activations are asked for of each model, by its name, in the network's order.
    public var activationLayers: [String: [String]] {
        let compared = comparedLayers
        return models.reduce(into: [:]) { layers, model in
            let kept = activations?.models.contains(model.name) == true ? activations?.layers ?? [] : []
            layers[model.name] = CampaignManifest.inNetworkOrder((compared[model.name] ?? []) + kept)
        }
    }

    /// Models of which nothing is computed, and from which none of the others takes weights; in the file's order.
    public var idleModels: [String] {
        let layers = activationLayers
        var used = Set(lucid?.models ?? []).union(models.map(\.name).filter { layers[$0]?.isEmpty == false })
        while true {
            let sources = models.filter { used.contains($0.name) }.flatMap(\.edits).compactMap(\.from)
            guard !used.isSuperset(of: sources) else { break }
            used.formUnion(sources)
        }
        return models.map(\.name).filter { !used.contains($0) }
    }
}
