// SPDX-License-Identifier: MIT

/// A linear map along one axis: each output is a weighted sum of a few neighbouring inputs.
struct AxisMap {
    /// One input's share of one output.
    struct Entry {
        let output: Int
        let input: Int
        let weight: Double
    }

    let inputCount: Int
    let outputCount: Int
    /// The shares that are not zero, in ascending order of outputs; of a transposed map, of inputs.
    let entries: [Entry]

    private init(inputCount: Int, outputCount: Int, entries: [Entry]) {
        self.inputCount = inputCount
        self.outputCount = outputCount
        self.entries = entries
    }

    /// Interpolates between the two inputs around a position; inputs that do not exist count as zero.
    private init(inputCount: Int, outputCount: Int, outputs: Range<Int>, position: (Int) -> Double) {
        var entries: [Entry] = []
        entries.reserveCapacity(2 * outputs.count)
        for output in outputs {
            let place = position(output)
            let first = place < 0 ? -1 - Int(-place) : Int(place)
            let fraction = place - Double(first)
            for (input, weight) in [(first, 1 - fraction), (first + 1, fraction)]
            where weight > 0 && input >= 0 && input < inputCount {
                entries.append(Entry(output: output, input: input, weight: weight))
            }
        }
        self.init(inputCount: inputCount, outputCount: outputCount, entries: entries)
    }

    /// Kornia's translation by whole pixels to higher positions.
    ///
    /// It counts from corner to corner where it makes coordinates, and from edge to edge where it
    /// samples, so that the shift is longer than asked for by side / (side − 1), and blurs.
    static func translation(of side: Int, by pixels: Int) -> AxisMap {
        let shift = Double(pixels * side) / Double(side - 1)
        return AxisMap(inputCount: side, outputCount: side, outputs: 0..<side) { Double($0) - shift }
    }

    /// Interpolation with the corners on each other, then zeros on both sides.
    static func scalingBetweenCorners(from side: Int, to scaled: Int, padding: Int) -> AxisMap {
        AxisMap(inputCount: side, outputCount: scaled + 2 * padding, outputs: padding..<(padding + scaled)) {
            Double(($0 - padding) * (side - 1)) / Double(scaled - 1)
        }
    }

    /// TensorFlow 1's interpolation: positions are multiples of the ratio, and the last input goes on beyond its end.
    static func scalingFromOrigin(from side: Int, to scaled: Int) -> AxisMap {
        AxisMap(inputCount: side, outputCount: scaled, outputs: 0..<scaled) {
            min(Double($0 * side) / Double(scaled), Double(side - 1))
        }
    }

    /// A part of the axis.
    static func crop(of side: Int, from start: Int, count: Int) -> AxisMap {
        AxisMap(
            inputCount: side,
            outputCount: count,
            entries: (0..<count).map { Entry(output: $0, input: start + $0, weight: 1) }
        )
    }

    /// First the other map, then this one.
    func after(_ first: AxisMap) -> AxisMap {
        precondition(first.outputCount == inputCount, "the maps must fit")
        var starts = [Int](repeating: 0, count: inputCount + 1)
        for entry in first.entries { starts[entry.output + 1] += 1 }
        for index in 0..<inputCount { starts[index + 1] += starts[index] }
        var composed: [Entry] = []
        composed.reserveCapacity(2 * entries.count)
        for entry in entries {
            for inner in first.entries[starts[entry.input]..<starts[entry.input + 1]] {
                composed.append(
                    Entry(output: entry.output, input: inner.input, weight: entry.weight * inner.weight)
                )
            }
        }
        return AxisMap(inputCount: first.inputCount, outputCount: outputCount, entries: composed)
    }

    /// The map that takes gradients of the outputs to gradients of some of the inputs, which are counted from the first of them.
    func transposed(inputs: Range<Int>) -> AxisMap {
        let turned = entries.filter { inputs.contains($0.input) }.map {
            Entry(output: $0.input - inputs.lowerBound, input: $0.output, weight: $0.weight)
        }
        return AxisMap(
            inputCount: outputCount,
            outputCount: inputs.count,
            entries: turned
        )
    }
}

/// An axis's map as its kernel reads it: for each output as many weights, of inputs in a row.
struct AxisTaps {
    let inputCount: Int
    let outputCount: Int
    /// The number of weights of each output.
    let tapCount: Int
    /// The first input of each output.
    let starts: [Int]
    let weights: [Float]

    init(_ map: AxisMap) {
        var first = [Int](repeating: .max, count: map.outputCount)
        var last = [Int](repeating: -1, count: map.outputCount)
        for entry in map.entries {
            first[entry.output] = min(first[entry.output], entry.input)
            last[entry.output] = max(last[entry.output], entry.input)
        }
        var taps = 1
        for output in 0..<map.outputCount where last[output] >= 0 { taps = max(taps, last[output] - first[output] + 1) }
        for output in 0..<map.outputCount { first[output] = min(first[output], map.inputCount - taps) }
        // Shares of one input by way of several positions in between are added in float64, and rounded once.
        var sums = [Double](repeating: 0, count: map.outputCount * taps)
        for entry in map.entries { sums[entry.output * taps + entry.input - first[entry.output]] += entry.weight }
        inputCount = map.inputCount
        outputCount = map.outputCount
        tapCount = taps
        starts = first
        weights = sums.map { Float($0) }
    }
}
