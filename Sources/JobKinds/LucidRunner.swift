// SPDX-License-Identifier: MIT

private import Campaigns
private import FeatureVisualization
private import ImageCoding
public import JobStorage
private import Networks
private import Synchronization
private import SystemSupport
public import WorkerRuntime

/// Makes pictures of some neurons of one layer of one network.
///
/// Neurons run in batches of a fixed size, a batch on one thread; memory decides how many batches run at a time.
public final class LucidRunner: JobRunner {
    private let known = Monitor<(key: String, network: GradientNetwork)?>(nil)

    /// It keeps the network of the last job, since the next one often has the same.
    public init() {}

    /// Makes the job's pictures.
    public func run(_ job: JobSpecification, context: JobContext) throws -> JobResult {
        let payload = try LucidPayload(decoding: job.payload)
        let settings = payload.settings
        let network = try network(payload, context)
        try check(payload, network.target)
        let rendering = try Rendering(
            network,
            settings.schedule(for: payload.layer),
            thresholds: settings.thresholds,
            place: settings.objective == .center ? .center : .mean,
            diversity: settings.diversity
        )
        let requests = try self.requests(payload, network.target, context)
        let perBatch = Rendering.batchSize / settings.diversity * settings.diversity
        let batches = stride(from: 0, to: requests.count, by: perBatch).map {
            Array(requests[$0..<min($0 + perBatch, requests.count)])
        }
        let outcomes = try render(batches, rendering, threads: threadCount(rendering, batches.count, context), context)
        let pictures = try zip(requests, outcomes.joined()).map { try describe($0, $1, size: settings.size) }
        var inputs = ["weights": payload.weights]
        inputs["direction"] = payload.direction
        return JobResult(payload: try LucidResultFile(pictures: pictures).encoded(), inputs: inputs)
    }

    // MARK: Pictures

    private func render(
        _ batches: [[PictureRequest]],
        _ rendering: Rendering,
        threads: Int,
        _ context: JobContext
    ) throws -> [[RenderedPicture]] {
        let outcomes = Monitor([[RenderedPicture]](repeating: [], count: batches.count))
        let next = Atomic(0)
        let steps = StepCount(of: batches.map(\.count), steps: rendering.thresholds.last ?? 0)
        try onThreads(min(threads, batches.count), named: "pictures") { _ in
            let memory = try RenderingMemory(rendering)
            while true {
                let batch = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard batch < batches.count else { return }
                let pictures = try PictureBatch(batches[batch], rendering, in: memory).run { _ in
                    try context.checkCancellation()
                    context.report(steps.advance(by: batches[batch].count))
                }
                outcomes.withLock { $0[batch] = pictures }
            }
        }
        return outcomes.withLock { $0 }
    }

    private func describe(
        _ request: PictureRequest,
        _ picture: RenderedPicture,
        size: Int
    ) throws -> LucidResultFile.Picture {
        LucidResultFile.Picture(
            neuron: request.identity.neuron < 0 ? nil : request.identity.neuron,
            variant: request.identity.variant,
            stages: try picture.stages.map { stage in
                let image = RGBImage(width: size, height: size, pixels: stage.pixels)
                return LucidResultFile.Stage(
                    threshold: stage.threshold,
                    objective: stage.objective,
                    png: try encodePNG(image)
                )
            },
            trace: picture.trace,
            error: picture.failure
        )
    }

    // MARK: What is asked for

    /// The pictures in the order of the neurons, those that are to differ from one another in succession.
    private func requests(_ payload: LucidPayload, _ layer: Layer, _ context: JobContext) throws -> [PictureRequest] {
        let settings = payload.settings
        var wishes: [(neuron: Int, wish: PictureObjective)]
        if let direction = payload.direction {
            wishes = [(-1, .direction(try context.directory.cachedDirection(direction, in: layer)))]
        } else {
            wishes = payload.neurons.map { ($0, settings.objective == .negative ? .negative($0) : .neuron($0)) }
        }
        return wishes.flatMap { neuron, wish in
            (0..<settings.diversity).map { variant in
                let identity = PictureIdentity(
                    seed: settings.seed,
                    layer: layer.name,
                    neuron: neuron,
                    variant: variant
                )
                return PictureRequest(identity, wish: wish)
            }
        }
    }

    private func check(_ payload: LucidPayload, _ layer: Layer) throws {
        let settings = payload.settings
        let isAscending = zip(settings.thresholds, settings.thresholds.dropFirst()).allSatisfy { $0 < $1 }
        guard isAscending, let first = settings.thresholds.first, first >= 1, settings.isPossible(for: layer),
            payload.neurons.allSatisfy({ (0..<layer.neuronCount).contains($0) }),
            payload.neurons.isEmpty == (payload.direction != nil)
        else {
            throw JobFailure.failed(code: "pictures", message: "the job asks for pictures that cannot be made")
        }
    }

    // MARK: Means

    private func network(_ payload: LucidPayload, _ context: JobContext) throws -> GradientNetwork {
        guard InceptionV1.layer(named: payload.layer) != nil else {
            throw JobFailure.failed(code: "layer", message: "\(WeightsError.unknownLayer(payload.layer))")
        }
        let key = "\(payload.weights.hexadecimal) \(payload.batchNorm) \(payload.layer)"
        if let network = known.withLock({ $0?.key == key ? $0?.network : nil }) { return network }
        known.withLock { $0 = nil }
        let weights = try context.directory.cachedWeights(payload.weights, batchNorm: payload.batchNorm)
        let network = try GradientNetwork(weights, target: payload.layer)
        known.withLock { $0 = (key, network) }
        return network
    }

    /// As many threads as were given and as the budget allows.
    private func threadCount(_ rendering: Rendering, _ batches: Int, _ context: JobContext) throws -> Int {
        // The pictures as bytes and as files; code and libraries.
        let size = rendering.schedule.size
        let kept = batches * Rendering.batchSize * rendering.thresholds.count * 3 * size * size * 3
        let shared = rendering.sharedByteCount + kept + 96 << 20
        let fitting = (context.memoryBudget - shared) / rendering.threadByteCount
        guard fitting > 0 else {
            let needed = ByteCount(shared + rendering.threadByteCount)
            throw JobFailure.environment(
                message:
                    "a memory budget of \(ByteCount(context.memoryBudget)) is too small for pictures of this layer and "
                    + "size; start the worker with --memory \(needed.argument) or more"
            )
        }
        return min(context.threads, fitting)
    }
}

/// How many steps of how many pictures were taken.
private final class StepCount: Sendable {
    private let done = Atomic(0)
    private let all: Int
    private let steps: Int
    private let pictures: Int

    init(of batches: [Int], steps: Int) {
        pictures = batches.reduce(0, +)
        all = max(1, pictures * steps)
        self.steps = steps
    }

    func advance(by count: Int) -> Progress {
        // What is begun is not done yet.
        let before = done.wrappingAdd(count, ordering: .relaxed).oldValue
        return Progress(
            fraction: Double(before) / Double(all),
            text: "step \(before / max(1, pictures)) of \(steps) of \(counted(pictures, "picture"))"
        )
    }
}
