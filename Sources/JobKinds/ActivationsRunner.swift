// SPDX-License-Identifier: MIT

private import Campaigns
private import ComputeEngine
private import Datasets
private import ImageCoding
public import JobStorage
private import Networks
public import SystemPackage
private import SystemSupport
private import TensorStorage
public import WorkerRuntime

/// Runs a network on a range of images and writes a shard for each wanted layer.
///
/// One thread reads and decodes ahead. Each of the others runs an instance of the network on batches of its own,
/// compresses what the layers give as soon as they give it, and appends it in the order of the images.
public final class ActivationsRunner: JobRunner {
    private let compiled = Monitor<(key: String, network: CompiledNetwork)?>(nil)

    private let dataRoots: DataRoots

    /// Reads images only below the given folders, or anywhere where none is given.
    ///
    /// It keeps the network of the last job, since the next one often has the same.
    public init(dataRoots: [FilePath]) {
        self.dataRoots = DataRoots(dataRoots)
    }

    /// Makes those of the job's shards that are not there yet.
    public func run(_ job: JobSpecification, context: JobContext) throws -> JobResult {
        let payload = try ActivationsPayload(decoding: job.payload)
        let files = ArrayFiles(context: context)
        let directory = context.directory
        var outputs: [LayerShard] = []
        var written: [String: WrittenFile] = [:]
        for target in payload.targets {
            guard let layer = InceptionV1.layer(named: target.layer) else {
                throw JobFailure.failed(code: "layer", message: "\(WeightsError.unknownLayer(target.layer))")
            }
            let metadata = try ArrayLayouts.activations(layer, payload)
            let path = ArrayFiles.shard(directory.array(target.array), metadata, payload.shard)
            if try files.isThere(path) {
                try files.store(metadata.encoded, at: directory.array(target.array).appending(ArrayFiles.metadataName))
                written[layer.name] = try files.describe(present: path)
            } else {
                outputs.append(LayerShard(layer: layer.name, metadata: metadata, array: target.array, path: path))
            }
        }
        if !outputs.isEmpty {
            let made = try makeShards(outputs, payload, context)
            written.merge(made) { _, new in new }
        }
        let listed = payload.targets.compactMap { written[$0.layer] }
        return JobResult(
            payload: try Array(canonicalJSON(listed)),
            inputs: ["weights": payload.weights, "images": payload.images]
        )
    }

    // MARK: Shards

    private func makeShards(
        _ outputs: [LayerShard],
        _ payload: ActivationsPayload,
        _ context: JobContext
    ) throws -> [String: WrittenFile] {
        let directory = context.directory
        let images = try directory.cachedImages(payload.images, count: payload.imageCount)
        try dataRoots.check(images, in: directory)
        let first = payload.shard * payload.shardRows
        let rows = images.entries[first..<min(first + payload.shardRows, payload.imageCount)]
        let network = try network(payload, outputs.map(\.layer), context)
        let threads = try threadCount(network, outputs, payload, context)

        let files = ArrayFiles(context: context)
        let names = try Array(canonicalJSON(images))
        for output in outputs {
            let array = directory.array(output.array)
            try files.store(output.metadata.encoded, at: array.appending(ArrayFiles.metadataName))
            try files.store(names, at: array.appending(ArrayFiles.imagesName))
            try output.open(in: context.scratch(), on: context.directory.disk)
        }
        let batches = BatchSource(Array(rows), limits: payload.limits, lookahead: 2 * threads)
        let turns = Turnstile()
        let count = rows.count
        let loader = DedicatedThread(named: "decode") { batches.fill() }
        defer {
            batches.stop()
            try? loader.join()
        }
        do {
            try onThreads(threads, named: "network") { _ in
                do {
                    let instance = try NetworkInstance(of: network)
                    let encoders = Dictionary(
                        uniqueKeysWithValues: try outputs.map { ($0.layer, try LayerEncoder($0)) }
                    )
                    while let batch = try batches.next() {
                        try context.checkCancellation()
                        try instance.run { input in
                            batch.copy(into: &input)
                        } deliver: { output in
                            try encoders[output.layer.name]?.encode(output, images: batch.count)
                        }
                        try turns.pass(batch.number) {
                            for output in outputs {
                                try encoders[output.layer]?.append(firstRow: batch.number * batch.capacity)
                            }
                        }
                        let done = min(count, (batch.number + 1) * batch.capacity)
                        context.report(
                            Progress(
                                fraction: Double(done) / Double(count),
                                text: "\(done) of \(counted(count, "image"))"
                            )
                        )
                    }
                } catch {
                    turns.abandon(error)
                    batches.stop()
                    throw error
                }
            }
        } catch {
            for output in outputs { output.abandon() }
            throw error
        }
        try loader.join()
        var written: [String: WrittenFile] = [:]
        for output in outputs { written[output.layer] = try output.finish(with: files) }
        return written
    }

    private func network(
        _ payload: ActivationsPayload,
        _ layers: [String],
        _ context: JobContext
    ) throws -> CompiledNetwork {
        let key = ([payload.weights.hexadecimal, "\(payload.batchNorm)"] + layers).joined(separator: " ")
        if let known = compiled.withLock({ $0?.key == key ? $0?.network : nil }) { return known }
        compiled.withLock { $0 = nil }
        let weights = try context.directory.cachedWeights(payload.weights, batchNorm: payload.batchNorm)
        let network = try CompiledNetwork(weights, wanted: layers)
        compiled.withLock { $0 = (key, network) }
        return network
    }

    /// As many threads as were given and as the budget allows.
    private func threadCount(
        _ network: CompiledNetwork,
        _ outputs: [LayerShard],
        _ payload: ActivationsPayload,
        _ context: JobContext
    ) throws -> Int {
        let features = outputs.reduce(0) { $0 + $1.featureCount }
        let batch = CompiledNetwork.batchSize
        // Two batches of input and one of compressed output a thread; one image being decoded; code and libraries.
        let perThread = network.instanceByteCount + batch * (features * 4 * 5 / 4 + 2 * Preprocessor.elementCount * 4)
        let shared = network.sharedByteCount + payload.decodingBytes + 128 << 20
        let fitting = (context.memoryBudget - shared) / perThread
        guard fitting > 0 else {
            throw JobFailure.environment(
                message:
                    "a memory budget of \(ByteCount(context.memoryBudget)) is too small for these layers and images; "
                    + "start the worker with --memory \(ByteCount(shared + perThread).argument) or more"
            )
        }
        return min(context.threads, fitting)
    }
}
