// SPDX-License-Identifier: MIT

internal import ComputeEngine

/// The network as a list of operations on numbered feature maps, in the order in which they run.
///
/// It is cut down to what the wanted layers need: it stops at the deepest one and leaves out branches
/// that nobody reads.
struct ForwardProgram {
    enum Kind {
        /// The layer's raw output, plus bias.
        case convolution(Layer)
        /// ReLU, after batch norm where the network has it, into the channels from `firstChannel` on.
        case rectify(Layer, firstChannel: Int)
        case maxPool(Window)
        /// ReLU and local response normalisation.
        case normalize
        case averagePool
        case logits(Layer)
    }

    struct Operation {
        let kind: Kind
        let source: Int
        let destination: Int
    }

    private(set) var maps: [FeatureMap] = []
    private(set) var operations: [Operation] = []

    /// Lists what has to run for the wanted layers.
    init(images: Int, side: Int, batchNorm: Bool, wanted: Set<String>) {
        let input = add(channels: 3, side: side, images: images)
        build(from: input, images: images, batchNorm: batchNorm)
        keepOnlyNeeded(for: wanted)
    }

    // MARK: The graph

    private mutating func build(from input: Int, images: Int, batchNorm: Bool) {
        // Max-pooling and ReLU may change places, which saves a pass; with batch norm in between they may not.
        var current = convolve("conv2d0", input)
        if batchNorm { rectifyInPlace("conv2d0", current) }
        current = pool(current, InceptionV1.halving)
        current = unary(.normalize, current)
        current = convolve("conv2d1", current)
        rectifyInPlace("conv2d1", current)
        current = convolve("conv2d2", current)
        if batchNorm { rectifyInPlace("conv2d2", current) }
        current = unary(.normalize, current)
        current = pool(current, InceptionV1.halving)
        for block in InceptionV1.blocks {
            if block.isPooledBefore { current = pool(current, InceptionV1.halving) }
            current = append(block, to: current)
        }
        let side = maps[current].shape.side
        guard side == 7 else { return }
        let pooled = add(channels: 1024, side: 1, images: images)
        operations.append(Operation(kind: .averagePool, source: current, destination: pooled))
        guard let layer = InceptionV1.layer(named: "logits") else { return }
        let logits = add(channels: layer.neuronCount, side: 1, images: images)
        operations.append(Operation(kind: .logits(layer), source: pooled, destination: logits))
    }

    private mutating func append(_ block: InceptionBlock, to input: Int) -> Int {
        let one = convolve(block.name + "_1x1", input)
        let threeBottleneck = convolve(block.name + "_3x3_bottleneck", input)
        rectifyInPlace(block.name + "_3x3_bottleneck", threeBottleneck)
        let three = convolve(block.name + "_3x3", threeBottleneck)
        let fiveBottleneck = convolve(block.name + "_5x5_bottleneck", input)
        rectifyInPlace(block.name + "_5x5_bottleneck", fiveBottleneck)
        let five = convolve(block.name + "_5x5", fiveBottleneck)
        let pooled = pool(input, InceptionV1.three)
        let reduced = convolve(block.name + "_pool_reduce", pooled)

        let branches = [("_1x1", one), ("_3x3", three), ("_5x5", five), ("_pool_reduce", reduced)]
        let shape = maps[input].shape
        let joined = FeatureMap(
            joining: branches.compactMap { InceptionV1.layer(named: block.name + $0.0) },
            images: shape.images,
            side: shape.side
        )
        let firsts = joined.channelPlaces.map(\.lowerBound)
        let output = maps.count
        maps.append(joined)
        for ((suffix, branch), first) in zip(branches, firsts) {
            guard let layer = InceptionV1.layer(named: block.name + suffix) else { continue }
            operations.append(
                Operation(kind: .rectify(layer, firstChannel: first), source: branch, destination: output)
            )
        }
        return output
    }

    private mutating func convolve(_ name: String, _ source: Int) -> Int {
        guard let layer = InceptionV1.layer(named: name), let window = layer.window else {
            // Names come from the table that the layers are made from; a test runs every one.
            preconditionFailure("the network's own layers exist")
        }
        let shape = maps[source].shape
        let destination = add(
            channels: layer.neuronCount,
            side: window.positions(over: shape.side),
            images: shape.images
        )
        operations.append(Operation(kind: .convolution(layer), source: source, destination: destination))
        return destination
    }

    private mutating func rectifyInPlace(_ name: String, _ map: Int) {
        guard let layer = InceptionV1.layer(named: name) else { return }
        operations.append(Operation(kind: .rectify(layer, firstChannel: 0), source: map, destination: map))
    }

    private mutating func pool(_ source: Int, _ window: Window) -> Int {
        maps.append(maps[source].with(side: window.positions(over: maps[source].shape.side)))
        operations.append(Operation(kind: .maxPool(window), source: source, destination: maps.count - 1))
        return maps.count - 1
    }

    private mutating func unary(_ kind: Kind, _ source: Int) -> Int {
        maps.append(maps[source])
        operations.append(Operation(kind: kind, source: source, destination: maps.count - 1))
        return maps.count - 1
    }

    private mutating func add(channels: Int, side: Int, images: Int) -> Int {
        maps.append(FeatureMap(channels: channels, side: side, images: images))
        return maps.count - 1
    }

    // MARK: Only what is needed

    private mutating func keepOnlyNeeded(for wanted: Set<String>) {
        var read: Set<Int> = []
        var kept: [Operation] = []
        for operation in operations.reversed() {
            let isWanted: Bool =
                switch operation.kind {
                case .convolution(let layer), .logits(let layer): wanted.contains(layer.name)
                default: false
                }
            guard isWanted || read.contains(operation.destination) else { continue }
            read.insert(operation.source)
            kept.append(operation)
        }
        operations = kept.reversed()
    }

    /// Where each map that is used lies in one shared piece of memory.
    func placement() -> MemoryPlacement {
        MemoryPlacement(of: maps, uses: [[0]] + operations.map { [$0.source, $0.destination] })
    }
}
