// SPDX-License-Identifier: MIT

/// What a campaign's models are there for.
extension Campaign {
    /// The layers of a model that are compared with those of another one, in the comparison's order.
    public func comparedLayers(of model: Model) -> [String] {
        guard let cka else { return [] }
        let partners = Set(cka.pairs.filter { $0.contains(model.name) }.joined()).subtracting([model.name])
        let theirs = Set(models.filter { partners.contains($0.name) }.flatMap(\.layers))
        return cka.layers.filter { theirs.contains($0) && model.layers.contains($0) }
    }

    /// Models of which nothing is computed, and from which no other one takes weights; in the file's order.
    public var idleModels: [String] {
        let sources = Set(models.flatMap(\.edits).compactMap(\.from))
        let named = sources.union(activations?.models ?? []).union(lucid?.models ?? [])
        return models.filter { !named.contains($0.name) && comparedLayers(of: $0).isEmpty }.map(\.name)
    }
}
