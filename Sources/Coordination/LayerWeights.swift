// SPDX-License-Identifier: MIT

internal import Networks
public import SystemPackage
private import TensorStorage

/// The parameters of a layer or of one of its neurons, to be looked at.
public struct LayerWeights: Sendable {
    /// One tensor of the layer.
    struct Part {
        /// What it is: "weight", "bias", or "batch_norm." and what PyTorch calls it.
        let name: String
        let shape: [Int]
        let values: [Float]

        /// The part of one neuron, which has no axis of neurons.
        func neuron(_ neuron: Int) -> Part {
            let width = values.count / shape[0]
            let own = values[(neuron * width)..<((neuron + 1) * width)]
            return Part(name: name, shape: Array(shape.dropFirst()), values: Array(own))
        }
    }

    /// The layer's name.
    public let layer: String
    /// The neuron; nil for the whole layer.
    public let neuron: Int?
    /// What the user should know of how the model's file was read; nil where there is nothing.
    public let remark: String?
    /// Weights, biases, and batch norm where the model has it.
    let parts: [Part]

    /// Reads a layer of a model.
    ///
    /// - Parameters:
    ///   - layer: the layer's name.
    ///   - neuron: the neuron; nil for the whole layer.
    ///   - model: a file, a published name, or "seeded:10".
    ///   - folder: where relative paths begin.
    ///   - published: the networks that have names.
    /// - Throws: `SubmissionError` where there is no such model, layer or neuron.
    public init(
        of layer: String,
        neuron: Int?,
        in model: String,
        below folder: FilePath,
        published: any ModelCatalogue = NoPublishedModels()
    ) throws {
        self.layer = layer
        self.neuron = neuron
        do {
            guard let known = InceptionV1.layer(named: layer) else { throw WeightsError.unknownLayer(layer) }
            if let neuron, !(0..<known.neuronCount).contains(neuron) {
                throw WeightsError.unknownNeuron(layer: layer, neuron: neuron, count: known.neuronCount)
            }
            let source = try ModelSource(model, below: folder, published: published)
            remark = source.remark
            parts = try Self.parts(of: known, neuron: neuron, in: source)
        } catch let error as SubmissionError {
            throw error
        } catch {
            throw SubmissionError("\"\(model)\": \(error)")
        }
    }

    private static func parts(of layer: Layer, neuron: Int?, in source: ModelSource) throws -> [Part] {
        let names = [layer.tensorNames.weight, layer.tensorNames.bias]
        let missing = names.filter { !source.has($0) }
        let normalization = layer.batchNormTensorNames.filter(source.has)
        // What other layers lack is of no interest here.
        let needed = Set(names + normalization)
        let weights = try source.weights(batchNorm: !normalization.isEmpty, strict: false, needed: needed)
        guard missing.isEmpty else {
            // Logits of another number are found here, with a message of their own.
            _ = try source.weights(batchNorm: false, strict: true)
            throw WeightsError.missing(missing)
        }
        var parts = [
            Part(name: "weight", shape: layer.weightShape, values: weights[names[0]]),
            Part(name: "bias", shape: [layer.neuronCount], values: weights[names[1]]),
        ]
        for name in normalization {
            let parameter = name.split(separator: ".").last ?? ""
            parts.append(
                Part(name: "batch_norm.\(parameter)", shape: [layer.neuronCount], values: weights[name])
            )
        }
        guard let neuron else { return parts }
        return parts.map { $0.neuron(neuron) }
    }

    /// Writes the weights as an array of NumPy's, and the biases beside them.
    ///
    /// - Parameter file: the weights' file, "F.npy"; the biases' is "F-bias.npy".
    /// - Throws: `SubmissionError` where there is no such folder.
    /// - Returns: the files.
    public func write(to file: FilePath) throws -> [FilePath] {
        let bias = file.removingLastComponent().appending("\(file.stem ?? "")-bias.npy")
        var files: [FilePath] = []
        for (part, file) in zip(parts, [file, bias]) {
            try writeOutput(NumPyFile.encode(part.values.span, shape: part.shape), to: file)
            files.append(file)
        }
        return files
    }
}
