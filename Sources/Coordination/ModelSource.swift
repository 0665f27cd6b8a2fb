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
        /// The tensors of a file, and what stands before their names.
        case file(TensorFile, prefix: String)
    }

    private let origin: Origin

    /// Reads what a text names; a file below the folder goes before a published network.
    ///
    /// - Throws: `SubmissionError` where nothing has the name; `WeightsError` or `TensorFileError` for what is in the file.
    init(_ text: String, below folder: FilePath, published: any ModelCatalogue) throws {
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
        let tensors = try readTensorFile(at: file)
        let names = Set(tensors.tensors.keys).union(tensors.unread.keys)
        origin = .file(tensors, prefix: try NetworkWeights.keyPrefix(in: names))
    }

    /// What the user should know of how the file was read.
    var remark: String? {
        if case .file(let file, _) = origin { file.remark } else { nil }
    }

    /// Whether a tensor is there, by its name in a state dictionary; a seeded network has no batch norm of its own.
    func has(_ name: String) -> Bool {
        switch origin {
        case .seed: NetworkWeights.tensors(batchNorm: false).contains { $0.name == name }
        case .file(let file, let prefix): file.tensors[prefix + name] != nil || file.unread[prefix + name] != nil
        }
    }

    /// The network, with batch norm applied or not.
    ///
    /// - Parameters:
    ///   - batchNorm: whether batch norm is applied.
    ///   - strict: whether a missing tensor is an error; if not, it is taken as zeros.
    ///   - needed: the names of the tensors that matter; nil where all do.
    /// - Throws: `WeightsError`, or `TensorFileError` where one of its tensors is there and cannot be read.
    /// - Returns: the network.
    func weights(batchNorm: Bool, strict: Bool, needed: Set<String>? = nil) throws -> NetworkWeights {
        switch origin {
        case .seed(let seed): return try NetworkWeights(seed: seed, batchNorm: batchNorm)
        case .file(let file, let prefix):
            for tensor in NetworkWeights.tensors(batchNorm: batchNorm) where needed?.contains(tensor.name) ?? true {
                if let error = file.unread[prefix + tensor.name] { throw error }
            }
            return try NetworkWeights(batchNorm: batchNorm, strict: strict) { name in
                file.tensors[prefix + name].map { ($0.shape, $0.values) }
            }
        }
    }
}
