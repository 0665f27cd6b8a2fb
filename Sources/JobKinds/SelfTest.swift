// SPDX-License-Identifier: MIT

private import ComputeEngine
private import RepresentationSimilarity
private import TensorStorage

/// Computes what is known, so that a machine that computes wrongly finds out.
public enum SelfTest {
    private static let images = 96
    private static let features = 640

    /// What a machine got wrong.
    public struct Failure: Error, CustomStringConvertible {
        /// What was computed, and what came out.
        public let description: String
    }

    /// Multiplies a matrix of small whole numbers by its transpose, as Gram jobs do, and by plain sums of whole numbers.
    ///
    /// All sums stay below 2²⁴, where float32 is exact, so there is nothing to tolerate.
    ///
    /// - Throws: `Failure` where the two differ, an engine's error where it fails.
    public static func run() throws {
        let values = (0..<images * features).map { ($0 &* 7919) % 13 - 6 }
        let left = try FloatBuffer(count: images * features)
        left.all.withMutableValues { span in
            for index in values.indices { span[index] = Float(values[index]) }
        }
        let tile = GramTile(rows: images, columns: images, isSymmetric: true)
        try tile.add(left.all, left.all, width: features, threads: 2)
        var gram = [Float](repeating: 0, count: images * images)
        var destination = gram.mutableSpan
        tile.copy(rows: 0..<images, into: &destination)
        for row in 0..<images {
            for column in 0..<images {
                let sum = (0..<features).reduce(0) { sum, feature in
                    sum + values[row * features + feature] * values[column * features + feature]
                }
                guard gram[row * images + column] == Float(sum) else {
                    throw Failure(
                        description: "the product of images \(row) and \(column) is \(sum), but "
                            + "\(gram[row * images + column]) came out"
                    )
                }
            }
        }
    }
}
