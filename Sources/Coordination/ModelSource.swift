// SPDX-License-Identifier: MIT

internal import Networks
internal import SystemPackage
private import SystemSupport
private import TensorStorage

/// A network as users name it: a file, a published network, or "seeded:10".
struct ModelSource {
    /// What may be named, for messages.
    static let choices = "weights are a .pt, .pth or .safetensors file or \"seeded:NUMBER\""

    private enum Origin {
        case seed(NetworkSeed)
        /// The tensors' shapes and values without a prefix in common, by name.
        case tensors([String: (shape: [Int], values: [Float])])
    }

    private let origin: Origin

    /// Reads what a text names; a file below the folder goes before a published network.
    ///
    /// - Throws: `SubmissionError` where nothing has the name; `WeightsError` or `TensorFileError` for what is in the file.
    init(_ text: String, below folder: FilePath, published: any PublishedModels) throws {
        if let seed = try NetworkWeights.seed(parsing: text) {
            origin = .seed(seed)
            return
        }
        let path = folder.pushing(FilePath(expandingHome(text)))
        let file = try LocalFileSystem().isPresent(path) ? path : try published.weights(named: text)
        guard let file else {
            let names = published.names.joined(separator: ", ")
            let known =
                names.isEmpty ? "published names are not fetched in this version" : "published networks are \(names)"
            throw SubmissionError("there is no file \"\(path)\"; \(Self.choices) (\(known))")
        }
        let tensors = try readTensors(at: file)
        let prefix = try NetworkWeights.keyPrefix(in: Set(tensors.keys))
        var named: [String: (shape: [Int], values: [Float])] = [:]
        for (name, tensor) in tensors where name.hasPrefix(prefix) {
            named[String(name.dropFirst(prefix.count))] = (tensor.shape, tensor.values)
        }
        origin = .tensors(named)
    }

    /// Whether a tensor is there, by its name in a state dictionary; a seeded network has no batch norm of its own.
    func has(_ name: String) -> Bool {
        switch origin {
        case .seed: NetworkWeights.tensors(batchNorm: false).contains { $0.name == name }
        case .tensors(let tensors): tensors[name] != nil
        }
    }

    /// The network, with batch norm applied or not.
    func weights(batchNorm: Bool, strict: Bool) throws(WeightsError) -> NetworkWeights {
        switch origin {
        case .seed(let seed): try NetworkWeights(seed: seed, batchNorm: batchNorm)
        case .tensors(let tensors):
            try NetworkWeights(batchNorm: batchNorm, strict: strict) { tensors[$0] }
        }
    }
}
