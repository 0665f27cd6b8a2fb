// SPDX-License-Identifier: MIT

private import FeatureVisualization
internal import Networks

/// The part of a campaign file that asks for pictures of neurons.
extension CampaignFile {
    static func pictures(_ node: YAMLNode, models: [Campaign.Model]) throws(CampaignError) -> Campaign.Pictures {
        let fields = try node.fields(.lucid)
        let direction = try direction(fields["objective"])
        let settings = PictureSettings(
            size: try fields["size"]?.integer(in: PictureSettings.sizes) ?? 224,
            thresholds: try thresholds(fields["thresholds"]),
            seed: UInt64(try fields["seed"]?.integer(in: 0...Int.max) ?? 0),
            compatibility: Compatibility(
                rawValue: try fields["compat"]?.text(oneOf: ["lucent", "lucid"]) ?? "lucent"
            ) ?? .lucent,
            objective: direction == nil ? try objective(fields["objective"]) : .direction,
            diversity: try fields["diversity"]?.integer(in: PictureSettings.diversities) ?? 1,
            transforms: TransformSet(
                rawValue: try fields["transforms"]?.text(oneOf: ["standard", "none"]) ?? "standard"
            ) ?? .standard
        )
        // An atlas has a folder for each model beside these files.
        let files = ["index.html", "index.json"]
        if let model = models.first(where: { files.contains($0.name.lowercased()) }) {
            throw node.error("a model whose neurons are pictured cannot be called \"\(model.name)\"; rename it")
        }
        guard settings.keptByteCount <= mostKeptBytes else {
            let most = mostKeptBytes * settings.thresholds.count / settings.keptByteCount
            throw (fields["thresholds"] ?? node).error(
                "there may be at most \(most) thresholds with a size of \(settings.size)"
            )
        }
        let list = try node.required("neurons", in: fields)
        let neurons = try neurons(list, isDirection: direction != nil)
        try check(settings, reaches: neurons, fields["size"] ?? list)
        return Campaign.Pictures(
            models: try networkNames(fields["models"], in: node, of: models),
            neurons: neurons,
            settings: settings,
            direction: direction,
            place: (fields["objective"] ?? node).place
        )
    }

    /// The most bytes of one neuron's thresholds, of which four are held at a time.
    private static let mostKeptBytes = 128 << 20

    // MARK: Settings

    private static func thresholds(_ node: YAMLNode?) throws(CampaignError) -> [Int] {
        guard let node else { return [512] }
        var thresholds: [Int] = []
        for item in try node.list() {
            let threshold = try item.integer(in: 1...1_000_000)
            if let last = thresholds.last, threshold <= last {
                throw item.error("thresholds must ascend, but \(threshold) comes after \(last)")
            }
            thresholds.append(threshold)
        }
        guard !thresholds.isEmpty else { throw node.error("there must be at least one threshold") }
        guard thresholds.count <= 1000 else { throw node.error("there may be at most 1000 thresholds") }
        return thresholds
    }

    private static let objectives = ["channel", "center", "negative"]

    private static func objective(_ node: YAMLNode?) throws(CampaignError) -> PictureSettings.Objective {
        guard let node else { return .channel }
        let text = try node.text()
        guard objectives.contains(text), let objective = PictureSettings.Objective(rawValue: text) else {
            let choices = (objectives + ["{direction: FILE.npy}"]).joined(separator: ", ")
            throw node.error("\"\(text)\" is not one of \(choices)")
        }
        return objective
    }

    /// The file of a direction, where that is the objective.
    private static func direction(_ node: YAMLNode?) throws(CampaignError) -> String? {
        guard let node, node.isMapping else { return nil }
        let fields = try node.fields(.objective)
        return try node.required("direction", in: fields).text()
    }

    private static func check(
        _ settings: PictureSettings,
        reaches neurons: [Campaign.Pictures.Neurons],
        _ node: YAMLNode
    ) throws(CampaignError) {
        for entry in neurons {
            guard let layer = InceptionV1.layer(named: entry.layer) else { continue }
            let least = settings.leastSize(for: layer)
            guard settings.size >= least else {
                throw node.error(
                    "pictures of \(layer.name) need a size of at least \(least) with these transforms, not \(settings.size)"
                )
            }
        }
    }

    // MARK: Neurons

    private static func neurons(
        _ node: YAMLNode,
        isDirection: Bool
    ) throws(CampaignError) -> [Campaign.Pictures.Neurons] {
        let items = try node.listOrOne()
        var wanted: [String: Set<Int>] = [:]
        for item in items {
            guard !item.isMapping else {
                throw item.error("neurons are written \"LAYER:3\", without a space after the colon")
            }
            let text = try item.text()
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let layers = InceptionV1.layers.filter { parts[0] == "all" || matches(parts[0], $0.name) }
            guard !layers.isEmpty else { throw item.error("\(WeightsError.unknownLayer(parts[0]))") }
            if isDirection, parts.count > 1 {
                throw item.error("a direction belongs to a whole layer; write \"\(parts[0])\" without neurons")
            }
            for layer in layers {
                let range = parts.count > 1 ? try neuronRange(parts[1], of: layer, item) : 0..<layer.neuronCount
                for neuron in range where !wanted[layer.name, default: []].insert(neuron).inserted {
                    throw item.error("the neuron \(layer.name):\(neuron) stands here twice")
                }
            }
        }
        guard !wanted.isEmpty else { throw node.error("there must be at least one neuron") }
        if isDirection, wanted.count > 1 { throw node.error("a direction belongs to one layer; name one") }
        return InceptionV1.layers.compactMap { layer in
            wanted[layer.name].map {
                Campaign.Pictures.Neurons(layer: layer.name, neurons: isDirection ? [] : $0.sorted())
            }
        }
    }

    /// Reads "7" or "0-31".
    private static func neuronRange(
        _ text: String,
        of layer: Layer,
        _ node: YAMLNode
    ) throws(CampaignError) -> Range<Int> {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], first <= last else {
            throw node.error(
                "\"\(text.prefix(40))\" is neither a neuron nor a range of neurons; write for instance "
                    + "\"\(layer.name):0-\(layer.neuronCount - 1)\""
            )
        }
        guard (0..<layer.neuronCount).contains(first), last < layer.neuronCount else {
            throw node.error("\"\(text)\" is no neuron of \(layer.name); it has 0 to \(layer.neuronCount - 1)")
        }
        return first..<last + 1
    }
}
