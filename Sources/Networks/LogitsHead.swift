// SPDX-License-Identifier: MIT

internal import ComputeEngine

/// The end of the network over maps of any size: the mean of 7 × 7 places at every place, and the logits of what is
/// read off the result 1,024 values at a time, in the order channel, row, column.
///
/// An image of 224 pixels has one place; of 256 or more it has four, and each of the reference's rows of 1,024 values then
/// holds a quarter of the channels at all four places.
struct LogitsHead {
    private static let window = 7
    private let filters: [[Float]]
    private let biases: [Float]
    private let objective: BatchObjective
    private let layer: (weights: [Float], biases: [Float])

    init(_ weights: NetworkWeights, _ objective: BatchObjective) {
        let layer = InceptionV1.layers[InceptionV1.layers.count - 1]
        let (all, biases) = (weights.weights(of: layer), weights.biases(of: layer))
        filters = objective.wishes.map { $0.combine(all, width: layer.inputChannels) }
        self.biases = objective.wishes.map { $0.combine(biases, width: 1)[0] }
        self.objective = objective
        self.layer = (all, biases)
    }

    /// The objective of each picture, the mean over its rows, and the gradient of the loss before the mean pooling.
    func values(_ map: FloatRegion, _ shape: MapShape, gradient: FloatRegion) -> [Double] {
        precondition(shape.channels == 1024 && shape.side >= Self.window, "the last block's maps")
        let pooled = map.withValues { values in
            (0..<shape.images).map { pool(values, shape, image: $0) }
        }
        var slopes = pooled.indices.map { slope(image: $0, count: pooled[$0].count) }
        if objective.diversity > 1 {
            LogitsDiversity(layer.weights, layer.biases).add(pooled, objective.diversity, &slopes)
        }
        gradient.withMutableValues { gradient in
            for image in slopes.indices { spread(slopes[image], shape, image: image, into: &gradient) }
        }
        return pooled.indices.map { image in
            let rows = pooled[image].count / 1024
            let sum = pooled[image].indices.reduce(0.0) { $0 + pooled[image][$1] * Double(filters[image][$1 % 1024]) }
            return sum / Double(rows) + Double(biases[image])
        }
    }

    /// The gradient of the loss with respect to the pooled values.
    private func slope(image: Int, count: Int) -> [Double] {
        let rows = count / 1024
        return (0..<count).map { -Double(filters[image][$0 % 1024]) / Double(rows) }
    }

    /// The means of all windows in the order channel, row, column.
    private func pool(_ values: Span<Float>, _ shape: MapShape, image: Int) -> [Double] {
        let block = CPUEngine.channelBlock
        let (side, window) = (shape.side, Self.window)
        let positions = side - window + 1
        var pooled: [Double] = []
        pooled.reserveCapacity(1024 * positions * positions)
        for channel in 0..<1024 {
            let first = image * shape.imageCount + channel / block * side * side * block + channel % block
            for row in 0..<positions {
                for column in 0..<positions {
                    var sum = 0.0
                    for y in row..<row + window {
                        for x in column..<column + window { sum += Double(values[first + (y * side + x) * block]) }
                    }
                    pooled.append(sum / Double(window * window))
                }
            }
        }
        return pooled
    }

    /// Writes the gradient before the means.
    private func spread(_ slopes: [Double], _ shape: MapShape, image: Int, into gradient: inout MutableSpan<Float>) {
        let block = CPUEngine.channelBlock
        let (side, window) = (shape.side, Self.window)
        let positions = side - window + 1
        for channel in 0..<1024 {
            let first = image * shape.imageCount + channel / block * side * side * block + channel % block
            let start = channel * positions * positions
            for y in 0..<side {
                let rows = max(0, y - window + 1)..<min(positions, y + 1)
                for x in 0..<side {
                    var sum = 0.0
                    for row in rows {
                        for column in max(0, x - window + 1)..<min(positions, x + 1) {
                            sum += slopes[start + row * positions + column]
                        }
                    }
                    gradient[first + (y * side + x) * block] = Float(sum / Double(window * window))
                }
            }
        }
    }
}

/// `Diversity` over the logits: rows take the part of places.
private struct LogitsDiversity {
    private let weights: [Float]
    private let biases: [Float]

    init(_ weights: [Float], _ biases: [Float]) {
        self.weights = weights
        self.biases = biases
    }

    func add(_ pooled: [[Double]], _ count: Int, _ slopes: inout [[Double]]) {
        let outputs = biases.count
        for start in stride(from: 0, through: pooled.count - count, by: count) {
            let rows = (start..<start + count).map { logits(pooled[$0]) }
            let grams = rows.map { gram($0) }
            for picture in 0..<count {
                let slope = grams[picture].slopes(beside: grams.indices.filter { $0 != picture }.map { grams[$0] })
                // The gradient with respect to the logits is 2 · rows · slope.
                for (row, values) in rows[picture].enumerated() {
                    for output in 0..<outputs {
                        let sum = (0..<outputs).reduce(0.0) { $0 + values[$1] * slope[$1 * outputs + output] }
                        for index in 0..<1024 {
                            slopes[start + picture][row * 1024 + index] +=
                                2 * sum * Double(weights[output * 1024 + index])
                        }
                    }
                }
            }
        }
    }

    private func gram(_ rows: [[Double]]) -> UnitGram {
        UnitGram(
            (0..<biases.count * biases.count).map { place in
                let (one, other) = (place / biases.count, place % biases.count)
                return rows.reduce(0) { $0 + $1[one] * $1[other] }
            }
        )
    }

    private func logits(_ pooled: [Double]) -> [[Double]] {
        stride(from: 0, to: pooled.count, by: 1024).map { start in
            biases.indices.map { output in
                (0..<1024).reduce(Double(biases[output])) {
                    $0 + pooled[start + $1] * Double(weights[output * 1024 + $1])
                }
            }
        }
    }
}
