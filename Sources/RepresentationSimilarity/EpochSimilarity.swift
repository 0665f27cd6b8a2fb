// SPDX-License-Identifier: MIT

/// Why a similarity is not defined.
public enum UndefinedReason: String, Sendable, Equatable {
    /// The unbiased estimator divides by n − 3, and centring leaves nothing of a single image.
    case tooFewImages = "fewer than 4 images"
    /// A layer gives the same features for every image.
    case constantFeatures = "constant features"
    /// The unbiased estimate of a layer's own HSIC is not positive.
    case degenerate = "the unbiased HSIC of a layer with itself is zero"
    /// Activations overflowed or were not numbers.
    case notFinite = "features that are not finite"
}

/// The similarity of two layers' representations of the same images, as Kornblith and others defined it in 2019.
public struct Similarity: Equatable, Sendable {
    /// CKA with the biased HSIC, which the reference computes; nil where undefined.
    public let cka: Double?
    /// CKA with the unbiased HSIC (Song and others, 2012); it may be negative; nil where undefined.
    public let debiased: Double?
    /// Why a value is missing.
    public let reason: UndefinedReason?

    /// States a similarity.
    public init(cka: Double?, debiased: Double?, reason: UndefinedReason?) {
        self.cka = cka
        self.debiased = debiased
        self.reason = reason
    }
}

/// The sums of an epoch while groups of rows are added, one after the other, in the order of their rows.
public struct EpochSums: Sendable {
    fileprivate let matrices: Int
    fileprivate let images: Int
    fileprivate var sums: [Double]
    fileprivate var rowSums: [Double]
    fileprivate var diagonals: [Double]
    fileprivate var nextRow = 0

    /// No rows yet.
    public init(matrices: Int, images: Int) {
        self.matrices = matrices
        self.images = images
        sums = [Double](repeating: 0, count: HSICPartialSums.pairs(matrices))
        rowSums = [Double](repeating: 0, count: matrices * images)
        diagonals = rowSums
    }

    /// Adds the group whose rows come next; false for any other one, which is not added.
    public mutating func add(_ partial: HSICPartialSums) -> Bool {
        guard !partial.rows.isEmpty else { return true }
        guard partial.matrices == matrices, partial.images == images, partial.rows.lowerBound == nextRow else {
            return false
        }
        nextRow = partial.rows.upperBound
        for index in sums.indices { sums[index] += partial.sums[index] }
        for index in rowSums.indices { rowSums[index] += partial.columnSums[index] }
        for matrix in 0..<matrices {
            for (index, row) in partial.rows.enumerated() {
                diagonals[matrix * images + row] = partial.diagonals[matrix * partial.rows.count + index]
            }
        }
        return true
    }
}

/// The HSIC of all pairs of some Gram matrices of one epoch.
public struct EpochSimilarity: Sendable {
    private let images: Double
    private let biased: [Double]
    private let unbiased: [Double]
    private let traces: [Double]
    private let meanSquares: [Double]

    /// Evaluates the sums of all groups; nil where rows are missing.
    ///
    /// - Parameters:
    ///   - epoch: the sums of every row.
    ///   - meanSquares: for each matrix, the squared norm of the features' mean that was subtracted.
    public init?(_ epoch: EpochSums, meanSquares: [Double]) {
        let (matrices, n) = (epoch.matrices, epoch.images)
        guard epoch.nextRow == n, n > 0, meanSquares.count == matrices else { return nil }
        let (sums, rowSums) = (epoch.sums, epoch.rowSums)
        var diagonals = epoch.diagonals

        let count = Double(n)
        images = count
        self.meanSquares = meanSquares
        let totals = (0..<matrices).map { matrix in rowSums[matrix * n..<(matrix + 1) * n].reduce(0, +) }
        // Gram matrices come centred up to rounding; what is left is taken out here.
        for matrix in 0..<matrices {
            for row in 0..<n {
                let index = matrix * n + row
                diagonals[index] += totals[matrix] / (count * count) - 2 * rowSums[index] / count
            }
        }
        traces = (0..<matrices).map { matrix in diagonals[matrix * n..<(matrix + 1) * n].reduce(0, +) }
        var biased = sums
        var unbiased = sums
        for a in 0..<matrices {
            for b in 0...a {
                let pair = HSICPartialSums.pairs(a) + b
                var rowProduct = 0.0
                var diagonalProduct = 0.0
                for row in 0..<n {
                    rowProduct += rowSums[a * n + row] * rowSums[b * n + row]
                    diagonalProduct += diagonals[a * n + row] * diagonals[b * n + row]
                }
                biased[pair] = sums[pair] - 2 / count * rowProduct + totals[a] * totals[b] / (count * count)
                unbiased[pair] =
                    (biased[pair] - count / (count - 2) * diagonalProduct
                        + traces[a] * traces[b] / ((count - 1) * (count - 2))) / (count * (count - 3))
            }
        }
        self.biased = biased
        self.unbiased = unbiased
    }

    /// The similarity of two matrices.
    public subscript(first: Int, second: Int) -> Similarity {
        func pair(_ a: Int, _ b: Int) -> Int { HSICPartialSums.pairs(max(a, b)) + min(a, b) }
        func undefined(_ reason: UndefinedReason) -> Similarity {
            Similarity(cka: nil, debiased: nil, reason: reason)
        }
        guard images >= 2 else { return undefined(.tooFewImages) }
        let (crossed, own) = (pair(first, second), [pair(first, first), pair(second, second)])
        let hasUnbiased = images >= 4
        guard
            ([crossed] + own).allSatisfy({ biased[$0].isFinite && (!hasUnbiased || unbiased[$0].isFinite) })
        else { return undefined(.notFinite) }
        for matrix in [first, second] where traces[matrix] <= 1e-12 * images * meanSquares[matrix] {
            return undefined(.constantFeatures)
        }
        guard own.allSatisfy({ biased[$0] > 0 }) else { return undefined(.constantFeatures) }
        let cka = biased[crossed] / (biased[own[0]].squareRoot() * biased[own[1]].squareRoot())
        guard hasUnbiased else { return Similarity(cka: cka, debiased: nil, reason: .tooFewImages) }
        guard own.allSatisfy({ unbiased[$0] > 1e-12 * biased[$0] / (images * images) }) else {
            return Similarity(cka: cka, debiased: nil, reason: .degenerate)
        }
        let debiased = unbiased[crossed] / (unbiased[own[0]].squareRoot() * unbiased[own[1]].squareRoot())
        return Similarity(cka: cka, debiased: debiased, reason: nil)
    }
}
