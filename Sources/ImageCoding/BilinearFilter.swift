// SPDX-License-Identifier: MIT

/// Pillow's bilinear weights for one side of a picture, in fixed point.
///
/// When a side shrinks, the triangle widens, so that every input pixel counts.
struct BilinearFilter {
    /// Bits behind the binary point of a weight.
    static let precision: Int32 = 22

    /// The first input of each output.
    let starts: [Int]
    /// The number of inputs of each output.
    let counts: [Int]
    /// The weights, `stride` for each output, zeros after the last used.
    let weights: [Int32]
    /// Weights kept for an output.
    let stride: Int

    /// Computes the weights of a range of the outputs.
    init(from inputSize: Int, to outputSize: Int, outputs: Range<Int>) {
        let scale = Double(inputSize) / Double(outputSize)
        let support = max(scale, 1)
        let inverse = 1 / support
        var starts: [Int] = []
        var rows: [[Int32]] = []
        for output in outputs {
            let center = (Double(output) + 0.5) * scale
            let first = max(0, Int(center - support + 0.5))
            let end = min(inputSize, Int(center + support + 0.5))
            var total = 0.0
            var row: [Double] = []
            for offset in 0..<(end - first) {
                let distance = ((Double(offset + first) - center + 0.5) * inverse).magnitude
                let weight = distance < 1 ? 1 - distance : 0
                row.append(weight)
                total += weight
            }
            starts.append(first)
            rows.append(row.map { Int32(0.5 + (total == 0 ? $0 : $0 / total) * Double(1 << Self.precision)) })
        }
        let stride = rows.reduce(0) { max($0, $1.count) }
        self.starts = starts
        self.counts = rows.map(\.count)
        self.stride = stride
        self.weights = rows.flatMap { $0 + [Int32](repeating: 0, count: stride - $0.count) }
    }

    /// The inputs that any of the outputs reads.
    var inputs: Range<Int> {
        guard let first = starts.first, let last = starts.last, let count = counts.last else { return 0..<0 }
        return first..<(last + count)
    }
}
