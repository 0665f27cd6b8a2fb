// SPDX-License-Identifier: MIT

internal import JobStorage
public import Networks
internal import SystemSupport
public import TensorStorage

extension NetworkWeights {
    /// The weights as the cache keeps them: every parameter that the network uses, in order, as safetensors.
    ///
    /// Equal networks have equal bytes, so the digest of these bytes names the network.
    public func cacheFile() -> [UInt8] {
        encodeSafetensors(
            Self.tensors(batchNorm: usesBatchNorm).map { (name: $0.name, shape: $0.shape, values: self[$0.name]) },
            metadata: ["batch_norm": usesBatchNorm ? "true" : "false"]
        )
    }

    /// Takes the weights from the tensors of a file, whose names may have a prefix in common.
    ///
    /// - Throws: `WeightsError` for a wrong shape, or missing tensors where `strict`.
    public init(_ tensors: [String: NamedTensor], batchNorm: Bool, strict: Bool) throws(WeightsError) {
        let prefix = try Self.keyPrefix(in: Set(tensors.keys))
        try self.init(batchNorm: batchNorm, strict: strict) { name in
            tensors[prefix + name].map { ($0.shape, $0.values) }
        }
    }
}

extension JobDirectory {
    /// The weights of a network in the cache.
    ///
    /// - Throws: `JobFailure.inputUnreadable` for a file that is missing or was changed.
    func cachedWeights(_ digest: ContentDigest, batchNorm: Bool) throws -> NetworkWeights {
        let bytes = try cachedContents(of: weightsFile(digest), digest: digest, limit: 1 << 30)
        return try NetworkWeights(readSafetensors(bytes), batchNorm: batchNorm, strict: true)
    }

    /// A direction in a layer's space in the cache: one number a channel.
    ///
    /// - Throws: `JobFailure` for a file that is missing, was changed, or holds something else.
    func cachedDirection(_ digest: ContentDigest, in layer: Layer) throws -> [Float] {
        let file = listFile(digest)
        let factors = try NumPyFile(parsing: cachedContents(of: file, digest: digest, limit: 1 << 20)).floats
        guard factors.count == layer.neuronCount, factors.allSatisfy(\.isFinite) else {
            throw InputError.malformed(file, "it is no direction in the space of \(layer.name)")
        }
        return factors
    }
}
