// SPDX-License-Identifier: MIT

internal import Campaigns
internal import ComputeEngine
internal import Datasets
internal import ImageCoding
internal import Networks
internal import SystemSupport
internal import WorkerRuntime

/// Images made ready for the network, as many as run together; the last batch may have fewer.
struct ImageBatch: Sendable {
    /// The batch's number, from 0.
    let number: Int
    /// The number of images.
    let count: Int
    /// The number of images that a batch has room for.
    let capacity: Int
    let values: FloatBuffer

    /// Copies the images, and zeros in place of those that are missing.
    func copy(into input: inout MutableSpan<Float>) {
        values.all.withValues { values in
            for index in input.indices { input[index] = values[index] }
        }
    }
}

/// Reads and decodes images ahead of those who compute with them.
final class BatchSource: Sendable {
    private let rows: [ImageSetFile.Entry]
    private let limits: Campaign.Limits
    private let lookahead: Int
    private let state = Monitor(State())

    private struct State {
        var ready: [ImageBatch] = []
        var failure: (any Error)?
        var isOver = false
        var isStopped = false
    }

    init(_ rows: [ImageSetFile.Entry], limits: Campaign.Limits, lookahead: Int) {
        self.rows = rows
        self.limits = limits
        self.lookahead = lookahead
    }

    /// The next batch, in order; nil after the last one.
    func next() throws -> ImageBatch? {
        let batch: Result<ImageBatch?, any Error> = state.wait { state in
            if let failure = state.failure { return .failure(failure) }
            if state.isStopped { return .success(nil) }
            if !state.ready.isEmpty { return .success(state.ready.removeFirst()) }
            return state.isOver ? .success(nil) : nil
        }
        return try batch.get()
    }

    /// Gives up: nobody wants the rest.
    func stop() {
        state.withLock { $0.isStopped = true }
    }

    /// Decodes all images, waiting whenever enough batches are ready.
    func fill() {
        do {
            var preprocessor = try Preprocessor(limits: ImageLimits(fileBytes: limits.bytes, pixels: limits.pixels))
            let capacity = CompiledNetwork.batchSize
            for first in stride(from: 0, to: rows.count, by: capacity) {
                let isWanted = state.wait { state -> Bool? in
                    if state.isStopped { return false }
                    return state.ready.count < lookahead ? true : nil
                }
                guard isWanted else { return }
                let count = min(capacity, rows.count - first)
                let values = try FloatBuffer(count: capacity * Preprocessor.elementCount)
                for index in 0..<count {
                    try decode(rows[first + index], with: &preprocessor, into: values, at: index)
                }
                let batch = ImageBatch(number: first / capacity, count: count, capacity: capacity, values: values)
                state.withLock { $0.ready.append(batch) }
            }
            state.withLock { $0.isOver = true }
        } catch {
            state.withLock { $0.failure = error }
        }
    }

    private func decode(
        _ entry: ImageSetFile.Entry,
        with preprocessor: inout Preprocessor,
        into values: FloatBuffer,
        at index: Int
    ) throws {
        let bytes = try readInput { try LocalFileSystem().contents(ofUserFile: entry.path, limit: limits.bytes) }
        guard ContentDigest(of: bytes) == entry.digest else { throw InputError.changed(entry.path) }
        do {
            try values.region(offset: index * Preprocessor.elementCount, count: Preprocessor.elementCount)
                .withMutableValues { input in try preprocessor.preprocess(bytes, into: &input) }
        } catch {
            throw InputError.undecodable(entry.path, error)
        }
    }
}
