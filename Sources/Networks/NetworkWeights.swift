// SPDX-License-Identifier: MIT

private import SystemSupport

/// What is wrong with a network's weights, or with a change that was asked of them.
public enum WeightsError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Tensors that the network needs are not there.
    case missing([String])
    /// A tensor has another shape than the network's.
    case wrongShape(name: String, expected: [Int], actual: [Int])
    /// A file has another number of logits, as networks have that were trained on other classes.
    case otherLogits(count: Int)
    /// A file has the tensors of more than one network, by what stands before their names.
    case severalNetworks(prefixes: [String])
    /// No layer has that name.
    case unknownLayer(String)
    /// A layer has fewer neurons.
    case unknownNeuron(layer: String, neuron: Int, count: Int)
    /// A seeded network's name has no number.
    case badSeed(String)

    /// The message, with what would have been right.
    public var description: String {
        switch self {
        case .missing(let names):
            let shown = names.prefix(6).joined(separator: ", ")
            let more = names.count > 6 ? " and \(names.count - 6) more" : ""
            return "missing weights: \(shown)\(more); set \"strict: false\" to take zeros for them"
        case .wrongShape(let name, let expected, let actual):
            return "the tensor \"\(name)\" has the shape \(actual), but the network needs \(expected)"
        case .otherLogits(let count):
            return "the file has \(counted(count, "logit")), but the network has \(Self.logitCount); "
                + "set \"strict: false\" to leave them out, which makes the layer \"logits\" zeros"
        case .severalNetworks(let prefixes):
            let names = prefixes.prefix(6).map { "\"\($0.prefix(40))\"" }.joined(separator: ", ")
            return "the file has the tensors of several networks, whose names begin with \(names); save one alone"
        case .unknownLayer(let name):
            let remedy =
                closestLayer(to: name).map { "did you mean \"\($0)\"?" } ?? "`lucid-coordinator layers` lists them"
            return "there is no layer \"\(name)\"; \(remedy)"
        case .unknownNeuron(let layer, let neuron, let count):
            return "the layer \"\(layer)\" has the neurons 0 to \(count - 1), not \(neuron)"
        case .badSeed(let text):
            return
                "\"\(text)\" names no network made by formula; write for instance \"seeded:10\", or \"gabor:10\" for one that sees edges"
        }
    }
}

extension WeightsError {
    fileprivate static let logitCount = InceptionV1.layers.last?.neuronCount ?? 0
}

/// The layer whose name differs least from a mistyped one, where one is close.
public func closestLayer(to name: String) -> String? {
    closest(to: name, among: InceptionV1.layers.map(\.name))
}

/// The parameters of an InceptionV1, by the names of the reference's state dictionary.
public struct NetworkWeights: Sendable, Equatable {
    /// A parameter's name and shape.
    public struct Tensor: Hashable, Sendable {
        /// The name, for instance "conv2d0_pre_relu_conv.weight".
        public let name: String
        /// The sizes along its axes.
        public let shape: [Int]

        /// The number of values.
        public var count: Int { shape.reduce(1, *) }
    }

    /// Whether batch norm is applied between convolution and ReLU.
    public let usesBatchNorm: Bool
    private(set) var values: [String: [Float]]

    /// All parameters of a network, in the order of its layers.
    public static func tensors(batchNorm: Bool) -> [Tensor] {
        InceptionV1.layers.flatMap { layer in
            var tensors = [
                Tensor(name: layer.key + ".weight", shape: layer.weightShape),
                Tensor(name: layer.key + ".bias", shape: [layer.neuronCount]),
            ]
            if batchNorm {
                tensors += layer.batchNormTensorNames.map { Tensor(name: $0, shape: [layer.neuronCount]) }
            }
            return tensors
        }
    }

    /// Takes a network's parameters from a state dictionary; tensors that it does not need are ignored, as in the reference.
    ///
    /// - Parameters:
    ///   - batchNorm: whether the network applies batch norm.
    ///   - strict: whether a missing parameter is an error; if not, it is taken as zeros (batch norm's as doing nothing).
    ///     Logits of another number are as good as missing.
    ///   - lookup: shape and values of the tensor of a name, or nil.
    /// - Throws: `WeightsError` for a wrong shape, or missing tensors where `strict`.
    public init(
        batchNorm: Bool,
        strict: Bool,
        lookup: (String) -> (shape: [Int], values: [Float])?
    ) throws(WeightsError) {
        usesBatchNorm = batchNorm
        values = [:]
        var missing: [String] = []
        let otherLogits = Self.otherLogits(lookup)
        for tensor in Self.tensors(batchNorm: batchNorm) {
            let isUnfit = otherLogits != nil && tensor.name.hasPrefix("logits.")
            if !isUnfit, let found = lookup(tensor.name) {
                guard found.shape == tensor.shape else {
                    throw .wrongShape(name: tensor.name, expected: tensor.shape, actual: found.shape)
                }
                values[tensor.name] = found.values
            } else {
                missing.append(tensor.name)
                values[tensor.name] = Self.default(for: tensor)
            }
        }
        guard strict, !missing.isEmpty else { return }
        if let otherLogits, missing.allSatisfy({ $0.hasPrefix("logits.") }) { throw .otherLogits(count: otherLogits) }
        throw .missing(missing)
    }

    /// How many logits a file has, where they are not the network's; lucent's file has a name of its own for them.
    private static func otherLogits(_ lookup: (String) -> (shape: [Int], values: [Float])?) -> Int? {
        guard let own = InceptionV1.layers.last?.weightShape else { return nil }
        for name in ["logits.weight", "softmax2_pre_activation_matmul.weight"] {
            if let shape = lookup(name)?.shape, shape.count == 2, shape[1] == own[1], shape[0] != own[0] {
                return shape[0]
            }
        }
        return nil
    }

    /// The values of a parameter; empty for a name that the network does not have.
    public subscript(name: String) -> [Float] { values[name] ?? [] }

    /// The first parameter with numbers that are NaN or infinite, and how many it has; nil where there is none.
    public var nonFiniteTensor: (name: String, count: Int)? {
        for tensor in Self.tensors(batchNorm: usesBatchNorm) {
            let count = self[tensor.name].count { !$0.isFinite }
            if count > 0 { return (tensor.name, count) }
        }
        return nil
    }

    /// The weights of a layer: output, input, row, column.
    public func weights(of layer: Layer) -> [Float] { self[layer.key + ".weight"] }

    /// The biases of a layer.
    public func biases(of layer: Layer) -> [Float] { self[layer.key + ".bias"] }

    /// A layer's batch norm in inference as an affine map of each channel, epsilon 1e-5; nil without batch norm.
    func affine(of layer: Layer) -> (scale: [Float], shift: [Float])? {
        guard usesBatchNorm, let key = layer.batchNormKey else { return nil }
        let (gamma, beta) = (self[key + ".weight"], self[key + ".bias"])
        let (mean, variance) = (self[key + ".running_mean"], self[key + ".running_var"])
        var scale: [Float] = []
        var shift: [Float] = []
        for channel in gamma.indices {
            let factor = Double(gamma[channel]) / (Double(variance[channel]) + 1e-5).squareRoot()
            scale.append(Float(factor))
            shift.append(Float(Double(beta[channel]) - Double(mean[channel]) * factor))
        }
        return (scale, shift)
    }

    // MARK: Edits

    /// Which of a layer's parameters an edit changes.
    public enum EditMode: String, Sendable, CaseIterable, Codable {
        /// Weights, then biases.
        case both
        /// Weights alone.
        case weight
        /// Biases alone.
        case bias
    }

    /// Where an edit takes its values from.
    public enum EditSource: Sendable {
        /// The same layer or neuron of another network.
        case network(NetworkWeights)
        /// One number for all.
        case constant(Float)
    }

    /// Overwrites a layer's parameters, or one neuron's, as the reference's `set_weights`; batch norm stays as it is.
    public mutating func set(
        _ layerName: String,
        neuron: Int?,
        mode: EditMode,
        from source: EditSource
    ) throws(WeightsError) {
        guard let layer = InceptionV1.layer(named: layerName) else { throw .unknownLayer(layerName) }
        if let neuron, !(0..<layer.neuronCount).contains(neuron) {
            throw .unknownNeuron(layer: layerName, neuron: neuron, count: layer.neuronCount)
        }
        var names: [String] = []
        if mode != .bias { names.append(layer.key + ".weight") }
        if mode != .weight { names.append(layer.key + ".bias") }
        for name in names {
            var changed = self[name]
            let width = changed.count / layer.neuronCount
            let range = neuron.map { $0 * width..<($0 + 1) * width } ?? 0..<changed.count
            switch source {
            case .network(let other): changed.replaceSubrange(range, with: other[name][range])
            case .constant(let value): changed.replaceSubrange(range, with: repeatElement(value, count: range.count))
            }
            values[name] = changed
        }
    }
}
