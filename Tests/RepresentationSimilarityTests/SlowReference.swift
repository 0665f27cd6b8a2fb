// SPDX-License-Identifier: MIT

import Foundation

/// A matrix in float64 whose operations are written for clarity, to check the fast code against.
struct Matrix {
    let rows: Int
    let columns: Int
    var values: [Double]

    init(rows: Int, columns: Int, _ values: [Double]) {
        precondition(values.count == rows * columns)
        self.rows = rows
        self.columns = columns
        self.values = values
    }

    /// Gaussian numbers by Box and Muller.
    static func gaussian(rows: Int, columns: Int, using random: inout some RandomNumberGenerator) -> Matrix {
        Matrix(
            rows: rows,
            columns: columns,
            (0..<rows * columns).map { _ in
                let (u, v) = (Double.random(in: 1e-12..<1, using: &random), Double.random(in: 0..<1, using: &random))
                return (-2 * log(u)).squareRoot() * cos(2 * .pi * v)
            }
        )
    }

    subscript(row: Int, column: Int) -> Double { values[row * columns + column] }

    func times(_ other: Matrix) -> Matrix {
        var product = [Double](repeating: 0, count: rows * other.columns)
        for i in 0..<rows {
            for k in 0..<columns {
                for j in 0..<other.columns { product[i * other.columns + j] += self[i, k] * other[k, j] }
            }
        }
        return Matrix(rows: rows, columns: other.columns, product)
    }

    var transposed: Matrix {
        Matrix(rows: columns, columns: rows, (0..<columns).flatMap { j in (0..<rows).map { self[$0, j] } })
    }

    func map(_ change: (Int, Int, Double) -> Double) -> Matrix {
        Matrix(
            rows: rows,
            columns: columns,
            values.enumerated().map { change($0.offset / columns, $0.offset % columns, $0.element) }
        )
    }
}

/// CKA from features by the definitions, in float64.
///
/// H = I − 11ᵀ/n for the biased one, and for the debiased one
/// the three terms of Song et al. 2012 on Gram matrices of centred features without their diagonals.
func slowCKA(_ x: Matrix, _ y: Matrix) -> (biased: Double, debiased: Double) {
    func centred(_ m: Matrix) -> Matrix {
        let means = (0..<m.columns).map { j in (0..<m.rows).reduce(0) { $0 + m[$1, j] } / Double(m.rows) }
        return m.map { _, j, value in value - means[j] }
    }
    let (k, l) = (centred(x), centred(y))
    let grams = [k.times(k.transposed), l.times(l.transposed)]
    let n = Double(x.rows)
    func biased(_ a: Matrix, _ b: Matrix) -> Double { zip(a.values, b.values).reduce(0) { $0 + $1.0 * $1.1 } }
    func unbiased(_ a: Matrix, _ b: Matrix) -> Double {
        let (a, b) = (a.map { $0 == $1 ? 0 : $2 }, b.map { $0 == $1 ? 0 : $2 })
        func sums(_ m: Matrix) -> [Double] { (0..<m.rows).map { i in (0..<m.columns).reduce(0) { $0 + m[i, $1] } } }
        let (ra, rb) = (sums(a), sums(b))
        let crossed = zip(ra, rb).reduce(0) { $0 + $1.0 * $1.1 }
        let product = ra.reduce(0, +) * rb.reduce(0, +)
        return (biased(a, b) + product / ((n - 1) * (n - 2)) - 2 / (n - 2) * crossed) / (n * (n - 3))
    }
    func ratio(_ hsic: (Matrix, Matrix) -> Double) -> Double {
        hsic(grams[0], grams[1]) / (hsic(grams[0], grams[0]) * hsic(grams[1], grams[1])).squareRoot()
    }
    return (ratio(biased), ratio(unbiased))
}
