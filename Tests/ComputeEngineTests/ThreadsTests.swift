// SPDX-License-Identifier: MIT

import COneDNN
import SystemSupport
import Testing

@testable import ComputeEngine

/// OpenMP gives each new thread a team of as many threads as the machine has processors, or `OMP_NUM_THREADS` says;
/// kernels made for another number have other scratch memory and other sums.
@Suite("One thread a kernel, on every machine", .timeLimit(.minutes(120)))
struct ThreadsTests {
    /// Layers for which the engine's kernels differ most with the number of threads.
    static let shapes = [
        ConvolutionShape(
            MapShape(images: 4, channels: 64, side: 30),
            outputChannels: 192,
            window: Window(side: 3, stride: 1, leadingPadding: 1, trailingPadding: 1)
        ),
        ConvolutionShape(
            MapShape(images: 4, channels: 3, side: 40),
            outputChannels: 64,
            window: Window(side: 7, stride: 2, leadingPadding: 2, trailingPadding: 3)
        ),
        ConvolutionShape(
            MapShape(images: 4, channels: 96, side: 5),
            outputChannels: 208,
            window: Window(side: 3, stride: 1, leadingPadding: 1, trailingPadding: 1)
        ),
        ConvolutionShape(
            MapShape(images: 4, channels: 480, side: 14),
            outputChannels: 192,
            window: Window(side: 1, stride: 1, leadingPadding: 0, trailingPadding: 0)
        ),
    ]

    /// What a kernel is, and what it computes.
    private struct Outcome: Equatable {
        let implementation: String
        let scratchCount: Int
        let values: [Float]
    }

    /// Runs a body on a new thread whose parallel regions would take so many threads.
    private func onThread<Value: Sendable>(
        ofTeam count: Int,
        _ body: @escaping @Sendable () throws -> Value
    ) throws -> Value {
        let result = Monitor<Value?>(nil)
        try onThreads(1, named: "team") { _ in
            omp_set_num_threads(Int32(count))
            let value = try body()
            result.withLock { $0 = value }
        }
        return try #require(result.withLock { $0 })
    }

    private func outcome(_ shape: ConvolutionShape, team: Int) throws -> Outcome {
        try onThread(ofTeam: team) {
            let count = shape.weightDimensions.reduce(1, *)
            let layer = try PreparedLayer.convolution(shape, weights: sampleValues(count, seed: 1), bias: nil)
            #expect(CPUEngine.threadCount == 1, "making a kernel leaves no team")
            let (input, output) = (shape.input, shape.output)
            let images = sampleValues(input.images * input.channels * input.rows * input.columns, seed: 2)
            let source =
                input.channels == 3 ? try FloatBuffer(copying: images) : try BlockedMap(input, plain: images).buffer
            let destination = try FloatBuffer(count: output.count)
            let scratch = try FloatBuffer(count: layer.scratchCount)
            let bound = try LayerBinder().bind(
                layer,
                source: source.all,
                destination: destination.all,
                scratch: scratch.all
            )
            omp_set_num_threads(Int32(team))
            try bound.run()
            #expect(CPUEngine.threadCount == 1, "running a kernel leaves no team")
            let values = destination.all.withValues { span in span.indices.map { span[$0] } }
            return Outcome(implementation: layer.implementation, scratchCount: layer.scratchCount, values: values)
        }
    }

    @Test(
        "A convolution is the same kernel and has the same bits whatever team its thread would have",
        arguments: shapes
    )
    func convolution(_ shape: ConvolutionShape) throws {
        let alone = try outcome(shape, team: 1)
        #expect(alone.values.contains { $0 != 0 })
        for team in [2, 8, 64] { #expect(try outcome(shape, team: team) == alone, "a team of \(team)") }
    }

    @Test("A product has the same bits whatever team its thread would have")
    func product() throws {
        func product(team: Int) throws -> [Float] {
            try onThread(ofTeam: team) {
                let (rows, depth) = (130, 700)
                let a = try FloatBuffer(copying: sampleValues(rows * depth, seed: 3))
                let product = try FloatBuffer(count: rows * rows)
                try MatrixProducts.multiplyTransposed(
                    a.all,
                    rows: rows,
                    a.all,
                    columns: rows,
                    depth: depth,
                    into: product.all
                )
                #expect(CPUEngine.threadCount == 1)
                return product.all.withValues { span in span.indices.map { span[$0] } }
            }
        }
        let alone = try product(team: 1)
        for team in [2, 8, 64] { #expect(try product(team: team) == alone, "a team of \(team)") }
    }
}
