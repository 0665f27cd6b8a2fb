// SPDX-License-Identifier: MIT

internal import ComputeEngine

/// A network made ready for the gradient of one layer's neurons with respect to the images; shared by all threads.
///
/// It holds weights in the orders that kernels want, which images of all sizes share. The number of images that run
/// together is `CompiledNetwork.batchSize`, whatever the memory.
public final class GradientNetwork: Sendable {
    /// The layer whose neurons are looked at.
    public let target: Layer

    let weights: NetworkWeights
    let affines: [String: BlockedKernels.ChannelAffine]
    private let store = WeightStore()

    /// Prepares a network for a layer.
    ///
    /// - Throws: `WeightsError.unknownLayer`, or `ComputeError` where the engine fails.
    public init(_ weights: NetworkWeights, target name: String) throws {
        guard let target = InceptionV1.layer(named: name) else { throw WeightsError.unknownLayer(name) }
        self.target = target
        self.weights = weights
        var affines: [String: BlockedKernels.ChannelAffine] = [:]
        for layer in InceptionV1.layers {
            guard let (scale, shift) = weights.affine(of: layer) else { continue }
            affines[layer.name] = try BlockedKernels.ChannelAffine(scale: scale, shift: shift)
        }
        self.affines = affines
    }

    /// The bytes that it holds so far; what has once run for a size needs no more for that size.
    public var byteCount: Int {
        let values = NetworkWeights.tensors(batchNorm: weights.usesBatchNorm).reduce(0) { $0 + $1.count }
        return store.byteCount + values * MemoryLayout<Float>.stride
    }

    /// The least side of images that reach the layer: the logits need what an image of 224 pixels gives.
    public static func leastSide(for layer: Layer) -> Int { layer.window == nil ? InceptionV1.inputSide : 32 }

    // MARK: Kernels

    /// The kernels of a program's operations; nil for those that are our own.
    func prepare(_ program: GradientProgram, for objective: BatchObjective) throws -> [PreparedLayer?] {
        try program.operations.map { operation in
            let source = program.maps[operation.sources[0]]
            let destination = program.maps[operation.destination]
            return switch operation.kind {
            case .convolve(let filters): try convolution(filters, source, destination, objective)
            case .convolveBack(let filters, let isAdding):
                try convolutionBack(filters, source, destination, isAdding: isAdding, objective)
            case .convolveBackToImages(let filters):
                try convolutionBackToImages(filters, source, program.imageBlocks, objective)
            default: nil
            }
        }
    }

    /// How many channels of the target are computed: a block with one for each picture, or all where pictures are to differ.
    ///
    /// The engine has fast kernels for whole blocks alone; what no picture needs of one is zero.
    func filterCount(for objective: BatchObjective) -> Int {
        objective.diversity == 1 ? CPUEngine.channelBlock : target.neuronCount
    }

    private func convolution(
        _ filters: GradientProgram.Filters,
        _ source: FeatureMap,
        _ destination: FeatureMap,
        _ objective: BatchObjective
    ) throws -> PreparedLayer {
        let shape = ConvolutionShape(
            source.shape,
            outputChannels: destination.shape.channels,
            window: filters.window
        )
        let bias = biases(of: filters, destination, objective)
        if isOwn(filters, objective) {
            return try .convolution(shape, weights: ownFilters(objective, over: source), bias: bias)
        }
        return try .convolution(shape, named: "\(name(of: filters)) forward", in: store, bias: bias) {
            layers(of: filters).flatMap { source.spread(weights.weights(of: $0), of: $0) }
        }
    }

    private func convolutionBack(
        _ filters: GradientProgram.Filters,
        _ behind: FeatureMap,
        _ before: FeatureMap,
        isAdding: Bool,
        _ objective: BatchObjective
    ) throws -> PreparedLayer {
        let shape = ConvolutionShape(
            behind.shape,
            outputChannels: before.shape.channels,
            window: GradientFilters.turned(filters.window),
            isAdding: isAdding
        )
        func turned(_ plain: [Float]) -> [Float] {
            GradientFilters.turned(
                plain,
                outputs: behind.channelPlaces.flatMap { Array($0) },
                width: behind.shape.channels,
                inputs: before.shape.channels,
                side: filters.window.side
            )
        }
        if isOwn(filters, objective) {
            return try .convolution(shape, weights: turned(ownFilters(objective, over: before)), bias: nil)
        }
        return try .convolution(shape, named: "\(name(of: filters)) back", in: store, bias: nil) {
            turned(layers(of: filters).flatMap { before.spread(weights.weights(of: $0), of: $0) })
        }
    }

    private func convolutionBackToImages(
        _ filters: GradientProgram.Filters,
        _ behind: FeatureMap,
        _ images: ImageBlocks,
        _ objective: BatchObjective
    ) throws -> PreparedLayer {
        let windows = GradientFilters.imageBlockWindows(images)
        let shape = ConvolutionShape(
            behind.shape,
            outputChannels: images.channels,
            window: windows.rows,
            columnWindow: windows.columns
        )
        precondition(shape.output == images.shape(images: behind.shape.images), "windows must give all blocks")
        func blocks(_ plain: [Float]) -> [Float] {
            GradientFilters.imageBlocks(plain, outputs: behind.shape.channels, images)
        }
        if isOwn(filters, objective) {
            let own = ownFilters(objective, weights.weights(of: target))
            return try .convolution(shape, weights: blocks(own), bias: nil)
        }
        return try .convolution(shape, named: "\(name(of: filters)) to images", in: store, bias: nil) {
            blocks(layers(of: filters).flatMap { weights.weights(of: $0) })
        }
    }

    // MARK: Filters

    /// Whether these are filters of this batch alone, one for each of its pictures.
    private func isOwn(_ filters: GradientProgram.Filters, _ objective: BatchObjective) -> Bool {
        if case .target = filters { objective.diversity == 1 } else { false }
    }

    private func ownFilters(_ objective: BatchObjective, over source: FeatureMap) -> [Float] {
        source.spread(ownFilters(objective, weights.weights(of: target)), of: target)
    }

    /// One filter for each picture out of the layer's, or one bias out of its biases, and zeros up to a whole block.
    private func ownFilters(_ objective: BatchObjective, _ all: [Float]) -> [Float] {
        let width = all.count / target.neuronCount
        let filters = objective.wishes.flatMap { $0.combine(all, width: width) }
        return filters + [Float](repeating: 0, count: filterCount(for: objective) * width - filters.count)
    }

    private func biases(
        of filters: GradientProgram.Filters,
        _ destination: FeatureMap,
        _ objective: BatchObjective
    ) -> [Float] {
        if isOwn(filters, objective) {
            return ownFilters(objective, weights.biases(of: target))
        }
        var biases = [Float](repeating: 0, count: destination.shape.channels)
        for (layer, places) in zip(layers(of: filters), destination.channelPlaces) {
            biases.replaceSubrange(places, with: weights.biases(of: layer))
        }
        return biases
    }

    private func layers(of filters: GradientProgram.Filters) -> [Layer] {
        switch filters {
        case .layers(let layers): layers
        case .target(let layer): [layer]
        }
    }

    private func name(of filters: GradientProgram.Filters) -> String {
        layers(of: filters).map(\.name).joined(separator: "+")
    }
}
