// SPDX-License-Identifier: MIT

extension NetworkWeights {
    /// The tensors of the reference's state dictionary, in its order: all parameters, with batch norm's and its counters.
    public static let stateTensors: [Tensor] = tensors(batchNorm: true).flatMap { tensor in
        guard tensor.name.hasSuffix("running_var") else { return [tensor] }
        return [tensor, Tensor(name: tensor.name.dropLast("running_var".count) + batchCounter, shape: [])]
    }

    private static let batchCounter = "num_batches_tracked"

    /// The values of a tensor of the reference's state dictionary; nil for a counter of batches, which is always 0.
    ///
    /// A network without batch norm has the values with which one does nothing but for its epsilon.
    public func stateValues(of tensor: Tensor) -> [Float]? {
        if tensor.name.hasSuffix(Self.batchCounter) { return nil }
        return values[tensor.name] ?? Self.default(for: tensor)
    }

    /// What a tensor is taken as where a file lacks it: zeros, or ones where batch norm then does nothing.
    static func `default`(for tensor: Tensor) -> [Float] {
        let isFactor = tensor.name.hasSuffix("bn.weight") || tensor.name.hasSuffix("running_var")
        return [Float](repeating: isFactor ? 1 : 0, count: tensor.count)
    }
}

extension Layer {
    /// Its weights' name and its biases' in a state dictionary.
    public var tensorNames: (weight: String, bias: String) { (key + ".weight", key + ".bias") }

    /// The names of its batch norm's tensors in a state dictionary; none for the last layer.
    public var batchNormTensorNames: [String] {
        guard let batchNormKey else { return [] }
        return ["weight", "bias", "running_mean", "running_var"].map { "\(batchNormKey).\($0)" }
    }
}
