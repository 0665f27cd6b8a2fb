// SPDX-License-Identifier: MIT

internal import ComputeEngine

/// A layer's raw output for the batch that has just run; valid until the next operation.
public struct LayerOutput {
    /// The layer.
    public let layer: Layer
    let region: FloatRegion
    let shape: MapShape

    /// Copies one image's activations in plain channel, row, column order.
    public func copy(image: Int, into destination: inout MutableSpan<Float>) {
        precondition(destination.count == layer.neuronCount * shape.side * shape.side, "the destination must fit")
        guard layer.window == nil else {
            BlockedKernels.copyPlain(region, shape, image: image, into: &destination)
            return
        }
        region.part(offset: image * layer.neuronCount, count: layer.neuronCount).withValues { values in
            for index in values.indices { destination[index] = values[index] }
        }
    }
}

/// A network's memory and bound kernels for one thread.
public final class NetworkInstance {
    private let network: CompiledNetwork
    private let memory: FloatBuffer
    private var steps: [Step] = []
    private let wanted: Set<String>

    private struct Step {
        let operation: ForwardProgram.Operation
        let primitive: BoundPrimitive?
        let source: FloatRegion
        let destination: FloatRegion
    }

    /// Allocates the memory; it must be made, and run, on the thread that owns it.
    public init(of network: CompiledNetwork) throws {
        self.network = network
        wanted = Set(network.layers.map(\.name))
        memory = try FloatBuffer(count: network.mapFloatCount + network.scratchFloatCount)
        let binder = try LayerBinder()
        let scratch = memory.region(offset: network.mapFloatCount, count: network.scratchFloatCount)
        for (operation, prepared) in zip(network.program.operations, network.prepared) {
            let source = region(of: operation.source)
            let destination = region(of: operation.destination)
            let primitive = try prepared.map {
                try binder.bind($0, source: source, destination: destination, scratch: scratch)
            }
            steps.append(
                Step(operation: operation, primitive: primitive, source: source, destination: destination)
            )
        }
    }

    /// Runs the network on a full batch and hands out the wanted layers' raw outputs in order.
    ///
    /// - Parameters:
    ///   - fill: writes the images, one after the other, each as 3 × side × side values.
    ///   - deliver: takes one layer's output, before its memory is used again.
    /// - Throws: what the closures throw, or `ComputeError`.
    public func run(
        filling fill: (inout MutableSpan<Float>) throws -> Void,
        deliver: (LayerOutput) throws -> Void
    ) throws {
        let images = CompiledNetwork.batchSize * 3 * network.side * network.side
        try region(of: 0).part(offset: 0, count: images).withMutableValues(fill)
        for step in steps {
            try step.primitive?.run()
            let source = network.program.maps[step.operation.source].shape
            let destination = network.program.maps[step.operation.destination].shape
            switch step.operation.kind {
            case .rectify(let layer, let firstChannel):
                BlockedKernels.rectify(
                    step.source,
                    source,
                    affine: network.affines[layer.name],
                    into: step.destination,
                    destination,
                    firstChannel: firstChannel
                )
            case .normalize:
                BlockedKernels.normalizeAcrossChannels(
                    step.source,
                    into: step.destination,
                    source,
                    alpha: InceptionV1.normalizationAlpha
                )
            case .convolution(let layer), .logits(let layer):
                guard wanted.contains(layer.name) else { continue }
                try deliver(LayerOutput(layer: layer, region: step.destination, shape: destination))
            case .maxPool(let window):
                BlockedKernels.poolMaxima(step.source, source, window: window, into: step.destination)
            case .averagePool: continue
            }
        }
    }

    private func region(of map: Int) -> FloatRegion {
        memory.region(offset: network.offsets[map] ?? 0, count: network.program.maps[map].storageCount)
    }
}
