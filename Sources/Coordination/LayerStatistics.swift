// SPDX-License-Identifier: MIT

private import TensorStorage

/// What is commonly asked of many numbers.
struct ValueStatistics: Equatable {
    let count: Int
    let mean: Double
    /// The root of the mean square difference from the mean, as NumPy's `std`.
    let standardDeviation: Double
    let minimum: Double
    let maximum: Double
    /// The root of the sum of squares.
    let norm: Double

    /// Statistics of at least one number, in double precision.
    init(of values: [Float]) {
        count = values.count
        var (sum, squares) = (0.0, 0.0)
        var (low, high) = (Double.infinity, -Double.infinity)
        for value in values {
            let value = Double(value)
            sum += value
            squares += value * value
            // Written so that NaN stays, as it does in NumPy.
            if !(value >= low) { low = value }
            if !(value <= high) { high = value }
        }
        let mean = sum / Double(count)
        var deviation = 0.0
        for value in values { deviation += (Double(value) - mean) * (Double(value) - mean) }
        self.mean = mean
        standardDeviation = (deviation / Double(count)).squareRoot()
        norm = squares.squareRoot()
        minimum = sum.isNaN ? .nan : low
        maximum = sum.isNaN ? .nan : high
    }
}

extension LayerWeights {
    /// A table of statistics, a line for each of weights, biases and batch norm's parameters.
    public var text: String {
        let head = ["", "shape", "count", "mean", "std", "min", "max", "L2 norm"]
        let rows = parts.map { part in
            let statistics = ValueStatistics(of: part.values)
            let shape = part.shape.isEmpty ? "1" : part.shape.map(String.init).joined(separator: "x")
            let measures: [String] = statistics.measures.map { Float($0.value).description }
            return [part.name, shape, String(statistics.count)] + measures
        }
        let title = neuron.map { "\(layer):\($0)" } ?? layer
        let lines: [String] = [title] + Self.aligned([head] + rows)
        return lines.joined(separator: "\n")
    }

    /// The same as an object of JSON, with all digits; what is not finite is a string there.
    public var json: String {
        var members: [String: JSONValue] = ["layer": .string(layer), "neuron": neuron.map(JSONValue.integer) ?? .null]
        var normalization: [String: JSONValue] = [:]
        for part in parts {
            let statistics = ValueStatistics(of: part.values)
            var values: [String: JSONValue] = [
                "shape": .array(part.shape.map(JSONValue.integer)), "count": .integer(statistics.count),
            ]
            for measure in statistics.measures { values[measure.name] = .number(measure.value) }
            let path = part.name.split(separator: ".").map(String.init)
            if path.count > 1 {
                normalization[path[1]] = .object(values)
            } else {
                members[part.name] = .object(values)
            }
        }
        if !normalization.isEmpty { members["batch_norm"] = .object(normalization) }
        return JSONValue.object(members).text
    }

    private static func aligned(_ rows: [[String]]) -> [String] {
        var lines = [String](repeating: "", count: rows.count)
        for column in rows[0].indices {
            let width = rows.map { $0[column].count }.max() ?? 0
            for (line, row) in rows.enumerated() {
                let blank = String(repeating: " ", count: width - row[column].count)
                lines[line] += column == 0 ? row[column] + blank : "  " + blank + row[column]
            }
        }
        return lines
    }
}

extension ValueStatistics {
    fileprivate var measures: [(name: String, value: Double)] {
        [
            ("mean", mean), ("std", standardDeviation), ("min", minimum), ("max", maximum), ("l2_norm", norm),
        ]
    }
}
