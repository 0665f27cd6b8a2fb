// SPDX-License-Identifier: MIT

internal import Campaigns
internal import JobStorage
internal import Networks
private import SystemPackage
private import SystemSupport
internal import TensorStorage
internal import WorkerRuntime

/// How much an image drives each of some neurons: the objective of their pictures, at its activations.
struct NeuronScores: Sendable {
    private let array: InputArray
    private let layer: Layer
    private let objective: PictureSettings.Objective
    private let neurons: [Int]
    /// One factor a channel, where a direction is looked at.
    private let direction: [Float]?

    init(_ payload: ExemplarsPayload, _ layer: Layer, _ arrays: ArrayAccess, for context: JobContext) throws {
        let directory = context.directory
        array = try arrays.open(payload.activations, for: context)
        let metadata = array.reader.metadata
        let map = layer.window == nil ? [] : [layer.side, layer.side]
        guard metadata.shape == [payload.imageCount, layer.neuronCount] + map, metadata.chunkShape[0] == 1,
            Array(metadata.chunkShape.dropFirst(2)) == map,
            payload.neurons.allSatisfy({ (0..<layer.neuronCount).contains($0) })
        else {
            throw InputError.malformed(
                directory.array(payload.activations),
                "its shape \(metadata.shape) is not that of \(layer.name)"
            )
        }
        self.layer = layer
        objective = payload.objective
        direction = try payload.direction.map { try directory.cachedDirection($0, in: layer) }
        neurons = direction == nil ? payload.neurons : Array(0..<layer.neuronCount)
    }

    /// The number of scores of an image.
    var count: Int { direction == nil ? neurons.count : 1 }

    func makeReader() throws -> Reader {
        Reader(
            scores: self,
            codec: try array.reader.makeCodec(),
            chunk: [Float](repeating: 0, count: array.reader.metadata.chunkElementCount)
        )
    }

    /// Reads rows on one thread.
    struct Reader: ~Copyable {
        fileprivate let scores: NeuronScores
        fileprivate var codec: ChunkCodec
        fileprivate var chunk: [Float]

        /// The scores of an image.
        ///
        /// - Throws: as `InputArray.read(_:)`.
        mutating func scores(ofRow row: Int) throws -> [Double] {
            let layer = scores.layer
            let pixels = layer.side * layer.side
            let channels = chunk.count / pixels
            var values: [Double] = []
            var loaded = -1
            let rest = [Int](repeating: 0, count: scores.array.reader.metadata.shape.count - 2)
            for neuron in scores.neurons {
                if neuron / channels != loaded {
                    loaded = neuron / channels
                    try Self.load([row, loaded] + rest, scores.array, &codec, into: &chunk)
                }
                values.append(value(of: neuron % channels, pixels, side: layer.side))
            }
            guard let direction = scores.direction else { return values }
            return [zip(values, direction).reduce(0) { $0 + $1.0 * Double($1.1) }]
        }

        private static func load(
            _ coordinates: [Int],
            _ array: InputArray,
            _ codec: inout ChunkCodec,
            into chunk: inout [Float]
        ) throws {
            try array.read {
                var span = chunk.mutableSpan
                try array.reader.readChunk(coordinates, with: &codec, into: &span)
            }
        }

        private func value(of channel: Int, _ pixels: Int, side: Int) -> Double {
            let first = channel * pixels
            if scores.objective == .center { return Double(chunk[first + side / 2 * side + side / 2]) }
            var sum = 0.0
            for index in first..<first + pixels { sum += Double(chunk[index]) }
            return scores.objective == .negative ? -sum / Double(pixels) : sum / Double(pixels)
        }
    }
}
