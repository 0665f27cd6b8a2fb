// SPDX-License-Identifier: MIT

private import ComputeEngine

/// What one group of rows adds to the HSIC of all pairs of some Gram matrices of one epoch.
///
/// All sums are over rows i of the group; they are additive over groups, and hold what the delete-group
/// jackknife needs as well.
public struct HSICPartialSums: Equatable, Sendable {
    /// The number of Gram matrices.
    public let matrices: Int
    /// The number of images of the epoch: rows and columns of each matrix.
    public let images: Int
    /// The group's rows.
    public let rows: Range<Int>
    /// Σᵢ Σⱼ K_ij L_ij for all pairs: a lower triangle, row by row.
    public private(set) var sums: [Double]
    /// The same over columns j of the group alone.
    public private(set) var ownSums: [Double]
    /// K_ii, matrix by matrix.
    public private(set) var diagonals: [Double]
    /// R_j = Σᵢ K_ij for every column j, matrix by matrix.
    public private(set) var columnSums: [Double]

    /// Sums of nothing yet.
    public init(matrices: Int, images: Int, rows: Range<Int>) {
        self.matrices = matrices
        self.images = images
        self.rows = rows
        sums = [Double](repeating: 0, count: Self.pairs(matrices))
        ownSums = sums
        diagonals = [Double](repeating: 0, count: matrices * rows.count)
        columnSums = [Double](repeating: 0, count: matrices * images)
    }

    /// Takes sums that were computed elsewhere; nil where their numbers do not fit.
    public init?(
        matrices: Int,
        images: Int,
        rows: Range<Int>,
        sums: [Double],
        ownSums: [Double],
        diagonals: [Double],
        columnSums: [Double]
    ) {
        guard sums.count == Self.pairs(matrices), ownSums.count == sums.count,
            diagonals.count == matrices * rows.count, columnSums.count == matrices * images
        else { return nil }
        self.matrices = matrices
        self.images = images
        self.rows = rows
        self.sums = sums
        self.ownSums = ownSums
        self.diagonals = diagonals
        self.columnSums = columnSums
    }

    /// The number of pairs of so many matrices, a matrix with itself included.
    public static func pairs(_ matrices: Int) -> Int { matrices * (matrices + 1) / 2 }

    /// Rows that are multiplied at once for so many matrices; a constant of the job, since sums depend on it.
    public static func rowsAtOnce(matrices: Int, images: Int) -> Int {
        max(1, (32 << 20) / (8 * matrices * images))
    }

    /// Computes the sums of a group of rows.
    ///
    /// - Parameters:
    ///   - matrices: the number of Gram matrices.
    ///   - images: rows and columns of each.
    ///   - rows: the group's rows.
    ///   - read: gives some rows of a matrix, one after the other, `images` values each.
    /// - Returns: the group's sums.
    /// - Throws: what `read` throws.
    public static func compute(
        matrices: Int,
        images: Int,
        rows: Range<Int>,
        read: (_ matrix: Int, _ rows: Range<Int>) throws -> [Float]
    ) throws -> HSICPartialSums {
        var partial = HSICPartialSums(matrices: matrices, images: images, rows: rows)
        var square = [Double](repeating: 0, count: matrices * matrices)
        var ownSquare = square
        let step = rowsAtOnce(matrices: matrices, images: images)
        for start in stride(from: rows.lowerBound, to: rows.upperBound, by: step) {
            let range = start..<min(start + step, rows.upperBound)
            var wide: [Double] = []
            var own: [Double] = []
            wide.reserveCapacity(matrices * range.count * images)
            own.reserveCapacity(matrices * range.count * rows.count)
            for matrix in 0..<matrices {
                let values = try read(matrix, range)
                precondition(values.count == range.count * images, "whole rows are read")
                widen(values, into: &wide)
                for (index, row) in range.enumerated() {
                    let line = index * images
                    partial.diagonals[matrix * rows.count + row - rows.lowerBound] = Double(values[line + row])
                    addLine(values[line..<line + images], to: &partial.columnSums, from: matrix * images)
                    for column in rows { own.append(Double(values[line + column])) }
                }
            }
            MatrixProducts.addLowerProduct(wide, rows: matrices, depth: range.count * images, to: &square)
            MatrixProducts.addLowerProduct(own, rows: matrices, depth: range.count * rows.count, to: &ownSquare)
        }
        for first in 0..<matrices {
            for second in 0...first {
                partial.sums[pairs(first) + second] = square[first * matrices + second]
                partial.ownSums[pairs(first) + second] = ownSquare[first * matrices + second]
            }
        }
        return partial
    }

    private static func widen(_ values: [Float], into wide: inout [Double]) {
        for value in values { wide.append(Double(value)) }
    }

    private static func addLine(_ line: ArraySlice<Float>, to sums: inout [Double], from start: Int) {
        let values = line.span
        var cells = sums.mutableSpan
        for index in values.indices { cells[start + index] += Double(values[index]) }
    }
}
