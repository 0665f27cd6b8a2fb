// SPDX-License-Identifier: MIT

import Testing

@testable import ComputeEngine

/// Runs one layer on the calling thread.
private func run(_ layer: PreparedLayer, _ source: FloatRegion, into destination: FloatRegion) throws {
    let scratch = try FloatBuffer(count: layer.scratchCount)
    try LayerBinder().bind(layer, source: source, destination: destination, scratch: scratch.all).run()
}

@Suite("Layers of the engine", .timeLimit(.minutes(120)))
struct LayersTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let input: MapShape
        let output: Int
        let window: Window
        var isAdding = false

        var testDescription: String {
            "\(input.channels)→\(output), side \(input.side), window \(window.side)\(isAdding ? ", adding" : "")"
        }
    }

    static let cases = [
        Case(
            input: MapShape(images: 4, channels: 3, side: 20),
            output: 16,
            window: Window(side: 7, stride: 2, leadingPadding: 2, trailingPadding: 3)
        ),
        Case(
            input: MapShape(images: 4, channels: 17, side: 9),
            output: 20,
            window: Window(side: 3, stride: 1, leadingPadding: 1, trailingPadding: 1)
        ),
        Case(
            input: MapShape(images: 4, channels: 64, side: 14),
            output: 64,
            window: Window(side: 3, stride: 1, leadingPadding: 1, trailingPadding: 1)
        ),
        Case(
            input: MapShape(images: 1, channels: 24, side: 7),
            output: 33,
            window: Window(side: 5, stride: 1, leadingPadding: 2, trailingPadding: 2)
        ),
        Case(
            input: MapShape(images: 2, channels: 40, side: 1),
            output: 8,
            window: Window(side: 1, stride: 1, leadingPadding: 0, trailingPadding: 0)
        ),
        Case(
            input: MapShape(images: 4, channels: 64, side: 15),
            output: 96,
            window: Window(side: 1, stride: 1, leadingPadding: 0, trailingPadding: 0),
            isAdding: true
        ),
        Case(
            input: MapShape(images: 4, channels: 64, side: 17),
            output: 12,
            window: Window(side: 4, stride: 1, leadingPadding: 2, trailingPadding: 2)
        ),
    ]

    @Test("A convolution agrees with its definition in float64", arguments: cases)
    func convolution(of test: Case) throws {
        let (input, window) = (test.input, test.window)
        let plain = sampleValues(input.images * input.channels * input.side * input.side)
        let weights = sampleValues(test.output * input.channels * window.side * window.side, seed: 3).map { $0 / 50 }
        let bias = sampleValues(test.output, seed: 4)
        let shape = ConvolutionShape(input, outputChannels: test.output, window: window, isAdding: test.isAdding)
        let layer = try PreparedLayer.convolution(shape, weights: weights, bias: bias)
        let side = window.positions(over: input.side)
        let before = sampleValues(input.images * test.output * side * side, seed: 5)
        let output = try BlockedMap(shape.output, plain: before)
        let source =
            input.channels == 3 ? try FloatBuffer(copying: plain) : try BlockedMap(input, plain: plain).buffer
        try run(layer, source.all, into: output.buffer.all)
        var expected: [Double] = []
        for image in 0..<input.images {
            for channel in 0..<test.output {
                for row in 0..<side {
                    for column in 0..<side {
                        var sum = Double(bias[channel])
                        if test.isAdding { sum += Double(before[expected.count]) }
                        for from in 0..<input.channels {
                            for y in 0..<window.side {
                                for x in 0..<window.side {
                                    let (r, c) = (
                                        row * window.stride + y - window.leadingPadding,
                                        column * window.stride + x - window.leadingPadding
                                    )
                                    guard (0..<input.side).contains(r), (0..<input.side).contains(c) else { continue }
                                    let weight = ((channel * input.channels + from) * window.side + y) * window.side + x
                                    let value = ((image * input.channels + from) * input.side + r) * input.side + c
                                    sum += Double(weights[weight]) * Double(plain[value])
                                }
                            }
                        }
                        expected.append(sum)
                    }
                }
            }
        }
        let largest = expected.map(abs).max() ?? 1
        // Winograd's transforms lose a little more than float32 sums: 1.5e-6 of the largest value was measured.
        for (actual, value) in zip(output.plain, expected) { #expect(abs(Double(actual) - value) <= 1e-5 * largest) }
        #expect(output.isFillingZero)
        #expect(!layer.implementation.contains("ref"))
    }

    @Test(
        "Max pooling takes what is outside as −∞",
        arguments: [(7, 2, 0, 1), (8, 2, 0, 1), (7, 1, 1, 1), (1, 1, 1, 1), (2, 2, 0, 1)]
    )
    func maxPooling(side: Int, step: Int, leading: Int, trailing: Int) throws {
        let shape = MapShape(images: 2, channels: 19, side: side)
        let plain = sampleValues(2 * 19 * side * side).map { $0 - 20 }
        let input = try BlockedMap(shape, plain: plain)
        let window = Window(side: 3, stride: step, leadingPadding: leading, trailingPadding: trailing)
        let positions = window.positions(over: side)
        let output = try BlockedMap(MapShape(images: 2, channels: 19, side: positions))
        BlockedKernels.poolMaxima(input.buffer.all, shape, window: window, into: output.buffer.all)
        for (index, actual) in output.plain.enumerated() {
            let (map, place) = index.quotientAndRemainder(dividingBy: positions * positions)
            let (top, left) = (place / positions * step - leading, place % positions * step - leading)
            var greatest = -Float.infinity
            for y in 0..<side where (top..<top + 3).contains(y) {
                for x in 0..<side where (left..<left + 3).contains(x) {
                    greatest = max(greatest, plain[(map * side + y) * side + x])
                }
            }
            #expect(actual == greatest)
        }
    }

    @Test(
        "The gradient before max pooling goes to the first of a window's greatest values",
        arguments: [
            (7, 2, 0, 1), (8, 2, 0, 1), (15, 2, 0, 1), (7, 1, 1, 1), (3, 1, 1, 1), (2, 1, 1, 1), (1, 1, 1, 1),
            (2, 2, 0, 1),
        ]
    )
    func maxPoolingBack(side: Int, step: Int, leading: Int, trailing: Int) throws {
        let shape = MapShape(images: 2, channels: 19, side: side)
        // Few different values, so that most windows have their greatest more than once.
        let plain = sampleValues(2 * 19 * side * side).map { ($0 / 5).rounded() }
        let window = Window(side: 3, stride: step, leadingPadding: leading, trailingPadding: trailing)
        let positions = window.positions(over: side)
        let narrow = MapShape(images: 2, channels: 19, side: positions)
        let input = try BlockedMap(shape, plain: plain)
        let pooled = try BlockedMap(narrow)
        BlockedKernels.poolMaxima(input.buffer.all, shape, window: window, into: pooled.buffer.all)
        // Whole numbers, whose sums are exact in any order.
        let behind = sampleValues(2 * 19 * positions * positions, seed: 3).map { $0.rounded() }
        let before = try BlockedMap(shape)
        before.buffer.all.withMutableValues { values in for index in values.indices { values[index] = .nan } }
        GradientKernels.passMaxPooling(
            try BlockedMap(narrow, plain: behind).buffer.all,
            pooled.buffer.all,
            input.buffer.all,
            shape,
            window: window,
            into: before.buffer.all
        )
        var expected = [Float](repeating: 0, count: plain.count)
        for (index, gradient) in behind.enumerated() {
            let (map, place) = index.quotientAndRemainder(dividingBy: positions * positions)
            let (top, left) = (place / positions * step - leading, place % positions * step - leading)
            let reach = (0..<side).filter { (top..<top + 3).contains($0) }.flatMap { y in
                (0..<side).filter { (left..<left + 3).contains($0) }.map { x in (map * side + y) * side + x }
            }
            let greatest = reach.map { plain[$0] }.max()
            let first = try #require(reach.first { plain[$0] == greatest })
            expected[first] += gradient
        }
        #expect(before.plain == expected)
        #expect(before.isFillingZero)
    }

    @Test("Average pooling takes the mean")
    func averagePooling() throws {
        let shape = MapShape(images: 2, channels: 19, side: 7)
        let plain = sampleValues(2 * 19 * 49).map { $0 - 20 }
        let input = try BlockedMap(shape, plain: plain)
        let whole = Window(side: 7, stride: 1, leadingPadding: 0, trailingPadding: 0)
        let mean = try BlockedMap(MapShape(images: 2, channels: 19, side: 1))
        try run(try .averagePooling(shape, window: whole), input.buffer.all, into: mean.buffer.all)
        for (map, actual) in mean.plain.enumerated() {
            let expected = plain[map * 49..<(map + 1) * 49].reduce(0.0) { $0 + Double($1) } / 49
            #expect(abs(Double(actual) - expected) < 1e-4)
        }
    }

    @Test("A fully connected layer agrees with its definition", arguments: [(1, 5, 3), (4, 1024, 40)])
    func fullyConnected(rows: Int, features: Int, outputs: Int) throws {
        let (input, weights, bias) = (
            sampleValues(rows * features), sampleValues(outputs * features, seed: 2).map { $0 / 100 },
            sampleValues(outputs, seed: 5)
        )
        let output = try FloatBuffer(count: rows * outputs)
        let layer = try PreparedLayer.fullyConnected(rows: rows, weights: weights, bias: bias)
        try run(layer, try FloatBuffer(copying: input).all, into: output.all)
        output.all.withValues { values in
            for row in 0..<rows {
                for place in 0..<outputs {
                    let products = (0..<features).map {
                        Double(input[row * features + $0]) * Double(weights[place * features + $0])
                    }
                    let expected = products.reduce(Double(bias[place]), +)
                    let size = products.reduce(1) { $0 + abs($1) }
                    // Sixteen lanes of 64 float32 additions each: 64 roundings of 6e-8.
                    #expect(abs(Double(values[row * outputs + place]) - expected) <= 4e-6 * size)
                }
            }
        }
    }

    @Test("Matrix products agree with their definitions", arguments: [(1, 1, 1), (3, 5, 7), (33, 17, 64)])
    func products(rows: Int, columns: Int, depth: Int) throws {
        CPUEngine.useOneThread()
        let (a, b) = (sampleValues(rows * depth), sampleValues(columns * depth, seed: 2))
        let product = try FloatBuffer(count: rows * columns)
        try MatrixProducts.multiplyTransposed(
            try FloatBuffer(copying: a).all,
            rows: rows,
            try FloatBuffer(copying: b).all,
            columns: columns,
            depth: depth,
            into: product.all
        )
        func dot(_ x: [Float], _ i: Int, _ y: [Float], _ j: Int) -> Double {
            (0..<depth).reduce(0) { $0 + Double(x[i * depth + $1]) * Double(y[j * depth + $1]) }
        }
        product.all.withValues { values in
            for i in 0..<rows {
                for j in 0..<columns { #expect(abs(Double(values[i * columns + j]) - dot(a, i, b, j)) < 0.01) }
            }
        }
        var sum = [Double](repeating: 1, count: rows * rows)
        MatrixProducts.addLowerProduct(a.map(Double.init), rows: rows, depth: depth, to: &sum)
        for i in 0..<rows { for j in 0...i { #expect(abs(sum[i * rows + j] - 1 - dot(a, i, a, j)) < 1e-9) } }
    }

    @Test("Every numbered task runs once, whatever the number of threads", arguments: [1, 2, 7])
    func tasks(threads: Int) throws {
        let counts = TaskCounts()
        try runTasks(100, threads: threads) { counts.add($0) }
        #expect(counts.all == [Int: Int](uniqueKeysWithValues: (0..<100).map { ($0, 1) }))
    }

    @Test("A task's error reaches the caller")
    func taskErrors() {
        #expect(throws: ComputeError.self) {
            try runTasks(10, threads: 2) { task in
                if task == 7 { throw ComputeError(operation: "count", reason: "seven") }
            }
        }
    }
}
