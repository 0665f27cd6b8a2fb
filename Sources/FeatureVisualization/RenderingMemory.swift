// SPDX-License-Identifier: MIT

internal import ComputeEngine
public import Networks

/// What one thread needs to make pictures of one layer, batch after batch: one piece of memory for the networks of all sizes.
public final class RenderingMemory {
    let workspace: PictureWorkspace
    private let buffer: FloatBuffer

    /// Takes the memory; the thread that makes it runs the batches.
    ///
    /// - Throws: `ComputeError` where there is no memory.
    public init(_ rendering: Rendering) throws {
        workspace = try PictureWorkspace(for: rendering.schedule)
        buffer = try FloatBuffer(count: rendering.instanceFloatCount)
    }

    /// Binds a network to the memory that networks of all sizes share.
    func bind(_ plan: GradientInstance.Plan) throws -> GradientInstance {
        try GradientInstance(plan, memory: buffer.all)
    }
}

/// How pictures of a layer are made: the network, the sizes that it must take, and what that needs.
public struct Rendering: Sendable {
    /// Pictures that run together.
    public static let batchSize = CompiledNetwork.batchSize

    /// The network, ready for gradients with respect to images.
    public let network: GradientNetwork
    /// The transforms.
    public let schedule: TransformSchedule
    /// After which steps pictures are kept, ascending.
    public let thresholds: [Int]
    /// Where in the layer's maps the objective looks.
    public let place: ObjectivePlace
    /// How many pictures of a neuron are to differ.
    public let diversity: Int
    /// The floats that a network of any of the sizes works on.
    let instanceFloatCount: Int

    /// Makes the kernels of all sizes once, so that what they need is known.
    ///
    /// - Throws: `ComputeError` where the engine fails.
    public init(
        _ network: GradientNetwork,
        _ schedule: TransformSchedule,
        thresholds: [Int],
        place: ObjectivePlace,
        diversity: Int
    ) throws {
        precondition(thresholds.first.map { $0 >= 1 } ?? false, "a picture takes a step or more")
        self.network = network
        self.schedule = schedule
        self.thresholds = thresholds
        self.place = place
        self.diversity = diversity
        let objective = BatchObjective(wishes: [.neuron(0)], place: place, diversity: diversity)
        instanceFloatCount = try Set(schedule.sides + [schedule.size]).reduce(0) { most, side in
            max(most, try GradientInstance.Plan(of: network, side: side, objective: objective).floatCount)
        }
    }

    /// Bytes that all threads share.
    public var sharedByteCount: Int { network.byteCount }

    /// Bytes that each thread needs.
    public var threadByteCount: Int {
        instanceFloatCount * MemoryLayout<Float>.stride + PictureWorkspace.byteCount(for: schedule)
            + Self.batchSize * (PictureState.byteCount(for: schedule) + 3 * schedule.size * schedule.size)
            + BatchObjective.byteCount(
                for: network.target,
                side: schedule.sides.last ?? schedule.size,
                diversity: diversity
            )
    }

    /// What ReLU lets pass at a step: lucid redirects gradients only where they would vanish, and only at the start.
    func mode(at step: Int) -> RectifierGradient {
        switch schedule.compatibility {
        case .lucent: .tenth
        case .lucid: step <= Self.redirectedSteps ? .redirectedWhereVanishing : .blocked
        }
    }

    private static let redirectedSteps = 16
}
