// SPDX-License-Identifier: MIT

private import JobKinds
private import Networks
private import SystemPackage
private import SystemSupport
private import TensorStorage

/// The layers of a network that can be looked at, with their numbers of neurons.
public struct LayerList: Sendable {
    /// Lists the layers, after reading the model where one is given.
    ///
    /// - Throws: `SubmissionError` where the model cannot be read.
    public init(of model: String?) throws {
        guard let model else { return }
        do {
            if let seed = try NetworkWeights.seed(parsing: model) {
                _ = try NetworkWeights(seed: seed, batchNorm: false)
            } else {
                _ = try NetworkWeights(readTensors(at: FilePath(model)), batchNorm: false, strict: true)
            }
        } catch {
            throw SubmissionError("\"\(model)\": \(error)")
        }
    }

    /// A line a layer: name and number of neurons.
    public var text: String {
        InceptionV1.layers.map { layer in
            layer.name + String(repeating: " ", count: 24 - layer.name.count) + "\(layer.neuronCount)"
        }.joined(separator: "\n")
    }

    /// A list of pairs, as the reference's `layer_info`.
    public var json: String {
        let rows = InceptionV1.layers.map { "[\"\($0.name)\", \($0.neuronCount)]" }
        return "[\n  \(rows.joined(separator: ",\n  "))\n]"
    }
}
