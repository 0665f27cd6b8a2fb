// SPDX-License-Identifier: MIT

private import ComputeEngine
public import Networks

/// A picture that is asked for.
public struct PictureRequest: Hashable, Sendable {
    /// What its random numbers belong to.
    public let identity: PictureIdentity
    /// What it is made for.
    public let wish: PictureObjective

    /// Asks for a picture.
    public init(_ identity: PictureIdentity, wish: PictureObjective) {
        self.identity = identity
        self.wish = wish
    }
}

/// What became of a picture.
public struct RenderedPicture: Equatable, Sendable {
    /// A picture as it was after some step.
    public struct Stage: Equatable, Sendable {
        /// The step.
        public let threshold: Int
        /// The bytes, row by row, three a pixel.
        public let pixels: [UInt8]
        /// The objective of exactly these bytes, without transforms.
        public let objective: Double
    }

    /// The picture after each threshold that it reached.
    public internal(set) var stages: [Stage] = []
    /// The objective at each step, of the transformed picture before the step.
    public internal(set) var trace: [Double] = []
    /// Why it was given up, if it was.
    public internal(set) var failure: String?
}

/// Pictures that are made together, at most `Rendering.batchSize` of one layer.
///
/// What becomes of one depends neither on the others nor on their number, but for those that are to differ from it.
public final class PictureBatch {
    private let rendering: Rendering
    private let objective: BatchObjective
    private let memory: RenderingMemory
    private let pictures: [PictureState]
    private var outcomes: [RenderedPicture]
    private var instances: [Int: GradientInstance] = [:]
    private var gradient: [Float] = []

    /// Starts pictures.
    ///
    /// - Throws: `ComputeError` where there is no memory.
    public init(_ requests: [PictureRequest], _ rendering: Rendering, in memory: RenderingMemory) throws {
        self.rendering = rendering
        self.memory = memory
        objective = BatchObjective(
            wishes: requests.map(\.wish),
            place: rendering.place,
            diversity: rendering.diversity
        )
        pictures = try requests.map { try PictureState($0.identity, rendering.schedule) }
        outcomes = requests.map { _ in RenderedPicture() }
    }

    /// Takes all steps.
    ///
    /// - Parameter willStep: is called before each step with its number; what it throws ends the batch.
    /// - Throws: what `willStep` throws, or `ComputeError` where the engine fails.
    /// - Returns: what became of each picture, in order.
    public func run(willStep: (Int) throws -> Void) throws -> [RenderedPicture] {
        let last = rendering.thresholds.last ?? 0
        for step in 1...last {
            try willStep(step)
            guard outcomes.contains(where: { $0.failure == nil }) else { break }
            try performStep(step)
            if rendering.thresholds.contains(step) { try keep(after: step) }
        }
        return outcomes
    }

    private func performStep(_ step: Int) throws {
        let side = rendering.schedule.side(at: step)
        let instance = try instance(side: side)
        fill(instance) { index, values in
            pictures[index].writeInput(step: step, into: &values, using: memory.workspace)
        }
        let objectives = try instance.differentiate(rendering.mode(at: step))
        gradient = [Float](repeating: 0, count: instance.imageCount)
        for index in pictures.indices where outcomes[index].failure == nil {
            guard objectives[index].isFinite else {
                fail(index, step, "the objective is not finite")
                continue
            }
            var span = gradient.mutableSpan
            instance.copyGradient(of: index, into: &span)
            guard pictures[index].descend(step: step, along: gradient.span, using: memory.workspace) else {
                fail(index, step, "the gradient is not finite")
                continue
            }
            outcomes[index].trace.append(objectives[index])
        }
    }

    private func fail(_ index: Int, _ step: Int, _ what: String) {
        outcomes[index].failure = "\(what) at step \(step); \(objective.wishes[index].overflowAdvice)"
    }

    /// Keeps the pictures as bytes, and looks at exactly those.
    private func keep(after step: Int) throws {
        let size = rendering.schedule.size
        let pixels = pictures.indices.map { index in
            outcomes[index].failure == nil ? pictures[index].pixels(using: memory.workspace) : []
        }
        let instance = try instance(side: size)
        fill(instance) { index, values in
            let bytes = pixels[index]
            for place in 0..<size * size {
                for color in 0..<3 { values[color * size * size + place] = Float(bytes[place * 3 + color]) - 117 }
            }
        }
        let objectives = try instance.evaluate()
        for index in pictures.indices where outcomes[index].failure == nil {
            guard objectives[index].isFinite else {
                fail(index, step, "the picture's objective is not finite")
                continue
            }
            outcomes[index].stages.append(
                RenderedPicture.Stage(threshold: step, pixels: pixels[index], objective: objectives[index])
            )
        }
    }

    /// Writes every image of the batch; those of no picture, or of one that was given up, are zeros.
    private func fill(_ instance: GradientInstance, _ body: (Int, inout MutableSpan<Float>) -> Void) {
        for index in 0..<Rendering.batchSize {
            instance.withImage(index) { values in
                if index < pictures.count, outcomes[index].failure == nil {
                    body(index, &values)
                } else {
                    values.update(repeating: 0)
                }
            }
        }
    }

    private func instance(side: Int) throws -> GradientInstance {
        if let known = instances[side] { return known }
        let plan = try GradientInstance.Plan(of: rendering.network, side: side, objective: objective)
        let made = try memory.bind(plan)
        instances[side] = made
        return made
    }
}
