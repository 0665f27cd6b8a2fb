// SPDX-License-Identifier: MIT

internal import ComputeEngine

/// A network made ready to run forward up to some wanted layers; shared by all threads that run it.
///
/// Kernels are made once and weights reordered once. The number of images that run together is fixed,
/// because kernels, and so the last bits of results, depend on it.
public final class CompiledNetwork: Sendable {
    /// The number of images that run together.
    public static let batchSize = 4

    /// The layers whose outputs are handed out, in the order in which they are computed.
    public let layers: [Layer]

    let program: ForwardProgram
    let prepared: [PreparedLayer?]
    let affines: [String: BlockedKernels.ChannelAffine]
    let offsets: [Int: Int]
    let mapFloatCount: Int
    let scratchFloatCount: Int
    let side: Int

    /// Makes kernels and reorders weights for the wanted layers.
    ///
    /// - Throws: `WeightsError.unknownLayer`, or `ComputeError` where the engine fails.
    public convenience init(_ weights: NetworkWeights, wanted: [String]) throws {
        try self.init(weights, wanted: wanted, side: InceptionV1.inputSide)
    }

    init(_ weights: NetworkWeights, wanted: [String], side: Int) throws {
        for name in wanted where InceptionV1.layer(named: name) == nil { throw WeightsError.unknownLayer(name) }
        let program = ForwardProgram(
            images: Self.batchSize,
            side: side,
            batchNorm: weights.usesBatchNorm,
            wanted: Set(wanted)
        )
        self.program = program
        self.side = side
        var prepared: [PreparedLayer?] = []
        var affines: [String: BlockedKernels.ChannelAffine] = [:]
        var layers: [Layer] = []
        for operation in program.operations {
            let source = program.maps[operation.source]
            switch operation.kind {
            case .convolution(let layer):
                // `ForwardProgram` makes this operation of layers with a window alone.
                guard let window = layer.window else { preconditionFailure("convolutions have windows") }
                prepared.append(
                    try .convolution(
                        ConvolutionShape(source.shape, outputChannels: layer.neuronCount, window: window),
                        weights: source.spread(weights.weights(of: layer), of: layer),
                        bias: weights.biases(of: layer)
                    )
                )
                if wanted.contains(layer.name) { layers.append(layer) }
                if let (scale, shift) = weights.affine(of: layer) {
                    affines[layer.name] = try BlockedKernels.ChannelAffine(scale: scale, shift: shift)
                }
            case .logits(let layer):
                prepared.append(
                    try .fullyConnected(
                        rows: Self.batchSize,
                        weights: weights.weights(of: layer),
                        bias: weights.biases(of: layer)
                    )
                )
                if wanted.contains(layer.name) { layers.append(layer) }
            case .averagePool:
                let whole = Window(side: 7, stride: 1, leadingPadding: 0, trailingPadding: 0)
                prepared.append(try .averagePooling(source.shape, window: whole))
            case .maxPool, .rectify, .normalize: prepared.append(nil)
            }
        }
        self.prepared = prepared
        self.affines = affines
        self.layers = layers
        let placement = program.placement()
        (offsets, mapFloatCount) = (placement.offsets, placement.count)
        scratchFloatCount = prepared.map { $0?.scratchCount ?? 0 }.max() ?? 0
    }

    /// Bytes that the network itself holds.
    public var sharedByteCount: Int { prepared.reduce(0) { $0 + ($1?.weightByteCount ?? 0) } }

    /// Bytes that each thread's instance holds.
    public var instanceByteCount: Int { (mapFloatCount + scratchFloatCount) * MemoryLayout<Float>.stride }

    /// The engine's names of the kernels that run, by layer or pooling.
    public var implementations: [(operation: String, implementation: String)] {
        zip(program.operations, prepared).compactMap { operation, prepared in
            prepared.map { ("\(operation.kind)", $0.implementation) }
        }
    }
}
