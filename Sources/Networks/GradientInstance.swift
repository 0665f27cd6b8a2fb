// SPDX-License-Identifier: MIT

public import ComputeEngine

/// A network's memory and bound kernels for images of one size and the objective of one batch, for one thread.
public final class GradientInstance {
    /// The images' rows and columns.
    public let side: Int

    private let network: GradientNetwork
    private let objective: BatchObjective
    let program: GradientProgram
    private let memory: FloatRegion
    private let placement: MemoryPlacement
    private var steps: [Step] = []
    private let head: LogitsHead?

    private struct Step {
        let operation: GradientProgram.Operation
        let primitive: BoundPrimitive?
        let sources: [FloatRegion]
        let destination: FloatRegion
    }

    /// What an instance needs, before it has memory.
    public struct Plan {
        let network: GradientNetwork
        let objective: BatchObjective
        let program: GradientProgram
        let placement: MemoryPlacement
        let prepared: [PreparedLayer?]

        /// Makes kernels for images of some side.
        ///
        /// - Throws: `ComputeError` where the engine fails.
        public init(of network: GradientNetwork, side: Int, objective: BatchObjective) throws {
            precondition(side >= GradientNetwork.leastSide(for: network.target), "images must reach the layer")
            self.network = network
            self.objective = objective
            program = GradientProgram(
                images: CompiledNetwork.batchSize,
                side: side,
                batchNorm: network.weights.usesBatchNorm,
                target: network.target,
                filterCount: network.filterCount(for: objective)
            )
            placement = program.placement()
            prepared = try network.prepare(program, for: objective)
        }

        /// The floats that an instance works on; instances of several sizes can share them, one running at a time.
        public var floatCount: Int { placement.count + scratchCount }

        var scratchCount: Int { prepared.map { $0?.scratchCount ?? 0 }.max() ?? 0 }
    }

    /// Binds kernels to memory; it must be made, and run, on the thread that owns it.
    ///
    /// - Throws: `ComputeError` where the engine fails.
    public init(_ plan: Plan, memory: FloatRegion) throws {
        precondition(memory.count >= plan.floatCount, "the memory must hold what the plan says")
        network = plan.network
        objective = plan.objective
        program = plan.program
        placement = plan.placement
        self.memory = memory
        side = plan.program.maps[0].shape.side
        head = network.target.window == nil ? LogitsHead(network.weights, plan.objective) : nil
        let binder = try LayerBinder()
        let scratch = memory.part(offset: plan.placement.count, count: plan.scratchCount)
        for (operation, prepared) in zip(program.operations, plan.prepared) {
            let sources = operation.sources.map { region(of: $0) }
            let destination = region(of: operation.destination)
            let primitive = try prepared.map {
                try binder.bind($0, source: sources[0], destination: destination, scratch: scratch)
            }
            steps.append(Step(operation: operation, primitive: primitive, sources: sources, destination: destination))
        }
    }

    /// The engine's names of the kernels that run, by operation.
    public static func implementations(of plan: Plan) -> [(operation: String, implementation: String)] {
        zip(plan.program.operations, plan.prepared).compactMap { operation, prepared in
            prepared.map { (operation.kind.label, $0.implementation) }
        }
    }

    /// The values of one image: three colours, rows, columns.
    public var imageCount: Int { 3 * side * side }

    /// Writes an image of the batch.
    public func withImage<Result, Failure: Error>(
        _ index: Int,
        _ body: (inout MutableSpan<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition((0..<CompiledNetwork.batchSize).contains(index), "the image must be one of the batch")
        return try region(of: 0).part(offset: index * imageCount, count: imageCount).withMutableValues(body)
    }

    /// The objective of each image, without a gradient; the images' memory may have been used for something else afterwards.
    ///
    /// - Throws: `ComputeError` where the engine fails.
    public func evaluate() throws -> [Double] { try run(upTo: program.forwardCount + 1, .blocked) }

    /// The objective of each image; the gradient of the loss, which is its negative, is ready for `copyGradient` then.
    ///
    /// - Throws: `ComputeError` where the engine fails.
    public func differentiate(_ mode: RectifierGradient) throws -> [Double] {
        try run(upTo: program.operations.count, mode)
    }

    /// Copies the gradient with respect to an image: three colours, rows, columns.
    public func copyGradient(of image: Int, into destination: inout MutableSpan<Float>) {
        let map = program.imageGradient
        program.imageBlocks.copyPlain(region(of: map), program.maps[map].shape, image: image, into: &destination)
    }

    // MARK: Running

    private func run(upTo end: Int, _ mode: RectifierGradient) throws -> [Double] {
        var objectives: [Double] = []
        for step in steps[..<end] { try run(step, mode) { objectives = $0 } }
        return objectives
    }

    private func run(_ step: Step, _ mode: RectifierGradient, deliver: ([Double]) -> Void) throws {
        if let primitive = step.primitive {
            try primitive.run()
        } else if let values = try runOwn(step, mode) {
            deliver(values)
        }
    }

    /// Runs forward and back like `differentiate`, and tells what each operation took.
    ///
    /// - Throws: `ComputeError` where the engine fails.
    /// - Returns: the operations in order, with the engine's name of the kernel or nil for one of our own.
    public func timings(_ mode: RectifierGradient) throws -> [(operation: String, kernel: String?, time: Duration)] {
        let clock = ContinuousClock()
        return try steps.map { step in
            let time = try clock.measure { try run(step, mode) { _ in } }
            return (step.operation.kind.label, step.primitive?.implementation, time)
        }
    }

    /// Runs a kernel of our own; the objectives where it computes them.
    private func runOwn(_ step: Step, _ mode: RectifierGradient) throws -> [Double]? {
        let source = program.maps[step.operation.sources[0]].shape
        let destination = program.maps[step.operation.destination].shape
        switch step.operation.kind {
        case .rectify(let layer, let channels):
            GradientKernels.rectifyKeepingSign(
                step.sources[0],
                source,
                affine: network.affines[layer.name],
                into: step.destination,
                destination,
                channels: channels
            )
        case .rectifyBack(let layer, let channels):
            GradientKernels.passRectifier(
                step.sources[0],
                step.sources[1],
                source,
                affine: network.affines[layer.name],
                into: step.destination,
                destination,
                channels: channels,
                mode: mode
            )
        case .pool(let window):
            BlockedKernels.poolMaxima(step.sources[0], source, window: window, into: step.destination)
        case .poolBack(let window):
            GradientKernels.passMaxPooling(
                step.sources[0],
                step.sources[1],
                step.sources[2],
                destination,
                window: window,
                into: step.destination
            )
        case .normalize:
            BlockedKernels.normalizeAcrossChannels(
                step.sources[0],
                into: step.destination,
                source,
                alpha: InceptionV1.normalizationAlpha
            )
        case .normalizeBack:
            GradientKernels.passNormalization(
                step.sources[0],
                step.sources[1],
                source,
                alpha: InceptionV1.normalizationAlpha,
                into: step.destination
            )
        case .objective: return try objective.values(step.sources[0], source, gradient: step.destination)
        case .logitsObjective: return head?.values(step.sources[0], source, gradient: step.destination)
        case .convolve, .convolveBack, .convolveBackToImages:
            // `GradientNetwork.prepare` makes a primitive for each of these, and a step with one never comes here.
            preconditionFailure("the engine has kernels for these")
        }
        return nil
    }

    func region(of map: Int) -> FloatRegion {
        memory.part(offset: placement.offsets[map] ?? 0, count: program.maps[map].storageCount)
    }
}
