// SPDX-License-Identifier: MIT

public import Networks
public import TensorStorage

/// A kind of file that a network can be written to.
public enum WeightsFormat: Sendable, CaseIterable {
    /// PyTorch's, as `torch.save` writes a state dictionary.
    case torch
    /// Safetensors.
    case safetensors

    /// The format that a file's name asks for; nil where it asks for none.
    public init?(fileExtension: String?) {
        switch fileExtension {
        case "pt", "pth": self = .torch
        case "safetensors": self = .safetensors
        default: return nil
        }
    }
}

extension NetworkWeights {
    /// The reference's state dictionary of the network, whole, in its order.
    public var stateDictionary: [StoredTensor] {
        Self.stateTensors.map { tensor in
            guard let values = stateValues(of: tensor) else {
                return StoredTensor(tensor.name, shape: tensor.shape, [Int64(0)])
            }
            return StoredTensor(tensor.name, shape: tensor.shape, values)
        }
    }

    /// The network as a file that PyTorch and the reference read.
    ///
    /// - Throws: `TensorFileError` where the file cannot be packed.
    public func file(as format: WeightsFormat) throws(TensorFileError) -> [UInt8] {
        switch format {
        case .torch: try encodeTorchFile(stateDictionary)
        // The metadata by which libraries of safetensors know whose names and layouts these are.
        case .safetensors: encodeSafetensors(stateDictionary, metadata: ["format": "pt"])
        }
    }
}
