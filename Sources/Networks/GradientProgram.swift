// SPDX-License-Identifier: MIT

internal import ComputeEngine

/// What a picture is made for, as filters over what the target layer reads: up to that layer, and the way back to the input.
///
/// The operations run in order on numbered feature maps: forward to the target layer's wanted channels, the objective,
/// and back. Only the data's gradient is computed. Rectified maps keep the sign of what was cut off, so that nothing
/// else has to be kept for the way back through ReLU.
struct GradientProgram {
    /// Several convolutions of the same map with the same window, which run as one; or the target's wanted channels.
    enum Filters: Hashable {
        case layers([Layer])
        case target(Layer)

        /// The layers' names.
        var label: String {
            switch self {
            case .layers(let layers): layers.map(\.name).joined(separator: "+")
            case .target(let layer): "\(layer.name), wanted channels"
            }
        }

        var window: Window {
            let layer: Layer =
                switch self {
                case .layers(let layers): layers[0]
                case .target(let layer): layer
                }
            // Programs are built of convolutions alone; the logits have a step of their own.
            guard let window = layer.window else { preconditionFailure("convolutions have windows") }
            return window
        }
    }

    enum Kind {
        /// Filters and biases.
        case convolve(Filters)
        /// The gradient before filters; where it adds, to what other readers of the map gave.
        case convolveBack(Filters, isAdding: Bool)
        /// The gradient before the filters that read the images, as blocks of pixels.
        case convolveBackToImages(Filters)
        /// ReLU, after batch norm where the network has it.
        case rectify(Layer, ChannelCopy)
        case rectifyBack(Layer, ChannelCopy)
        case pool(Window)
        case poolBack(Window)
        case normalize
        case normalizeBack
        /// The objective of the target's channels, and its gradient.
        case objective
        /// The objective of the logits over the last block's maps, and its gradient there.
        case logitsObjective

        /// What the operation is, and of which layers, for people.
        var label: String {
            switch self {
            case .convolve(let filters): "convolve \(filters.label)"
            case .convolveBack(let filters, _): "convolve back \(filters.label)"
            case .convolveBackToImages(let filters): "convolve back to images \(filters.label)"
            case .rectify(let layer, _): "rectify \(layer.name)"
            case .rectifyBack(let layer, _): "rectify back \(layer.name)"
            case .pool(let window): "pool by \(window.stride)"
            case .poolBack(let window): "pool back by \(window.stride)"
            case .normalize: "normalize"
            case .normalizeBack: "normalize back"
            case .objective, .logitsObjective: "objective"
            }
        }
    }

    struct Operation {
        let kind: Kind
        /// The maps that are read.
        let sources: [Int]
        /// The map that is written.
        let destination: Int
    }

    private(set) var maps: [FeatureMap] = []
    private(set) var operations: [Operation] = []
    /// How many of the operations run forward, the objective not among them.
    private(set) var forwardCount = 0
    /// The map of the images' gradient in blocks of pixels.
    private(set) var imageGradient = 0

    private let images: Int
    private let batchNorm: Bool
    private let target: Layer
    private let filterCount: Int

    /// Lists what has to run for some filters over what the target layer reads.
    init(images: Int, side: Int, batchNorm: Bool, target: Layer, filterCount: Int) {
        self.images = images
        self.batchNorm = batchNorm
        self.target = target
        self.filterCount = filterCount
        buildForward(side: side)
        forwardCount = operations.count
        buildBack()
    }

    /// How pixels lie in the images' gradient.
    var imageBlocks: ImageBlocks { ImageBlocks(side: maps[0].shape.side) }

    /// The map that the objective is computed of.
    var objectiveMap: Int { operations[forwardCount].sources[0] }

    /// Where each map lies in one shared piece of memory.
    func placement() -> MemoryPlacement {
        MemoryPlacement(of: maps, uses: [[0]] + operations.map { $0.sources + [$0.destination] })
    }

    // MARK: Forward

    private mutating func buildForward(side: Int) {
        var current = add(FeatureMap(channels: 3, side: side, images: images))
        for stage in Stage.all {
            switch stage {
            case .convolution(let layer):
                let filters: Filters = layer == target ? .target(layer) : .layers([layer])
                current = convolve(filters, current)
                if layer == target { return }
                rectify(layer, current, ChannelCopy(from: 0, to: 0, count: layer.neuronCount), into: current)
            case .pooling(let window): current = pool(current, window)
            case .normalization:
                let normalized = add(maps[current])
                append(.normalize, [current], normalized)
                current = normalized
            case .block(let block):
                guard let output = append(block, to: current) else { return }
                current = output
            }
        }
    }

    /// Appends a block; nil where it holds the target, with only what leads to that.
    private mutating func append(_ block: InceptionBlock, to input: Int) -> Int? {
        let branches = Branches(block)
        guard !branches.all.contains(target) else {
            appendTarget(in: branches, input)
            return nil
        }
        let output = add(FeatureMap(joining: branches.outputs, images: images, side: maps[input].shape.side))
        let firsts = maps[output].channelPlaces.map(\.lowerBound)
        // What reads the input without a window runs as one convolution.
        let joint = [branches.one, branches.threeBottleneck, branches.fiveBottleneck]
        let raw = convolve(.layers(joint), input)
        let three = add(FeatureMap(channels: joint[1].neuronCount, side: maps[input].shape.side, images: images))
        let five = add(FeatureMap(channels: joint[2].neuronCount, side: maps[input].shape.side, images: images))
        let starts = maps[raw].channelPlaces.map(\.lowerBound)
        for (index, (map, first)) in [(output, firsts[0]), (three, 0), (five, 0)].enumerated() {
            let copy = ChannelCopy(from: starts[index], to: first, count: joint[index].neuronCount)
            rectify(joint[index], raw, copy, into: map)
        }
        let ends = [
            (branches.three, three), (branches.five, five), (branches.poolReduce, pool(input, InceptionV1.three)),
        ]
        for (index, (layer, source)) in ends.enumerated() {
            let copy = ChannelCopy(from: 0, to: firsts[index + 1], count: layer.neuronCount)
            rectify(layer, convolve(.layers([layer]), source), copy, into: output)
        }
        return output
    }

    private mutating func appendTarget(in branches: Branches, _ input: Int) {
        var current = input
        if target == branches.poolReduce { current = pool(input, InceptionV1.three) }
        if let before = branches.bottleneck(of: target) {
            current = convolve(.layers([before]), input)
            rectify(before, current, ChannelCopy(from: 0, to: 0, count: before.neuronCount), into: current)
        }
        _ = convolve(.target(target), current)
    }

    private mutating func convolve(_ filters: Filters, _ source: Int) -> Int {
        let side = filters.window.positions(over: maps[source].shape.side)
        let map =
            switch filters {
            case .layers(let layers): FeatureMap(joining: layers, images: images, side: side)
            case .target: FeatureMap(channels: filterCount, side: side, images: images)
            }
        let destination = add(map)
        append(.convolve(filters), [source], destination)
        return destination
    }

    private mutating func rectify(_ layer: Layer, _ source: Int, _ channels: ChannelCopy, into destination: Int) {
        append(.rectify(layer, channels), [source], destination)
    }

    private mutating func pool(_ source: Int, _ window: Window) -> Int {
        let destination = add(maps[source].with(side: window.positions(over: maps[source].shape.side)))
        append(.pool(window), [source], destination)
        return destination
    }

    // MARK: Back

    private mutating func buildBack() {
        var gradients: [Int: Int] = [:]
        func gradient(of map: Int, _ program: inout GradientProgram) -> Int {
            if let known = gradients[map] { return known }
            let added = program.add(program.maps[map])
            gradients[map] = added
            return added
        }
        let last = operations[forwardCount - 1].destination
        append(target.window == nil ? .logitsObjective : .objective, [last], gradient(of: last, &self))
        for operation in operations.prefix(forwardCount).reversed() {
            let (source, destination) = (operation.sources[0], operation.destination)
            let behind = gradient(of: destination, &self)
            switch operation.kind {
            case .convolve(let filters) where source == 0:
                let shape = imageBlocks.shape(images: images)
                imageGradient = add(FeatureMap(shape: shape, channelPlaces: [0..<shape.channels]))
                append(.convolveBackToImages(filters), [behind], imageGradient)
            case .convolve(let filters):
                let isAdding = gradients[source] != nil
                append(.convolveBack(filters, isAdding: isAdding), [behind], gradient(of: source, &self))
            case .rectify(let layer, let channels):
                append(.rectifyBack(layer, channels), [behind, destination], gradient(of: source, &self))
            case .pool(let window):
                // A map's pooling is the last of its readers, and so the first on the way back.
                precondition(gradients[source] == nil, "the way back through a pooling writes first")
                append(.poolBack(window), [behind, destination, source], gradient(of: source, &self))
            case .normalize: append(.normalizeBack, [behind, source], gradient(of: source, &self))
            // `buildForward` appends the four kinds above and no other.
            default: preconditionFailure("these operations run forward")
            }
        }
    }

    // MARK: Building

    private mutating func append(_ kind: Kind, _ sources: [Int], _ destination: Int) {
        operations.append(Operation(kind: kind, sources: sources, destination: destination))
    }

    private mutating func add(_ map: FeatureMap) -> Int {
        maps.append(map)
        return maps.count - 1
    }
}

/// The network from its input to its last block, piece by piece.
private enum Stage {
    case convolution(Layer)
    case pooling(Window)
    case normalization
    case block(InceptionBlock)

    static let all: [Stage] = {
        let stem = InceptionV1.layers.prefix(3).map { Stage.convolution($0) }
        let start = [
            stem[0], .pooling(InceptionV1.halving), .normalization, stem[1], stem[2], .normalization,
            .pooling(InceptionV1.halving),
        ]
        return start
            + InceptionV1.blocks.flatMap { block in
                (block.isPooledBefore ? [.pooling(InceptionV1.halving)] : []) + [Stage.block(block)]
            }
    }()
}

/// The layers of a block.
private struct Branches {
    let one: Layer
    let threeBottleneck: Layer
    let three: Layer
    let fiveBottleneck: Layer
    let five: Layer
    let poolReduce: Layer

    init(_ block: InceptionBlock) {
        func layer(_ suffix: String) -> Layer {
            // Names come from the table that the layers are made from.
            guard let layer = InceptionV1.layer(named: "\(block.name)_\(suffix)") else {
                preconditionFailure("a block's own layers exist")
            }
            return layer
        }
        one = layer("1x1")
        threeBottleneck = layer("3x3_bottleneck")
        three = layer("3x3")
        fiveBottleneck = layer("5x5_bottleneck")
        five = layer("5x5")
        poolReduce = layer("pool_reduce")
    }

    var all: [Layer] { [one, threeBottleneck, three, fiveBottleneck, five, poolReduce] }
    /// The layers whose outputs are put together, in order.
    var outputs: [Layer] { [one, three, five, poolReduce] }

    func bottleneck(of layer: Layer) -> Layer? {
        layer == three ? threeBottleneck : layer == five ? fiveBottleneck : nil
    }
}
