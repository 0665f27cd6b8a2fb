// SPDX-License-Identifier: MIT

import ComputeEngine
import Foundation
import Testing

@testable import RepresentationSimilarity

/// The centred Gram matrix of features by the fast code, in blocks of features; and the squared norm of their mean.
func fastGram(_ x: Matrix, block: Int, threads: Int = 2) throws -> (gram: [Float], meanSquare: Double) {
    let tile = GramTile(rows: x.rows, columns: x.rows, isSymmetric: true)
    var meanSquare = 0.0
    for first in stride(from: 0, to: x.columns, by: block) {
        let width = min(block, x.columns - first)
        let buffer = try FloatBuffer(count: x.rows * width)
        buffer.all.withMutableValues { values in
            for row in 0..<x.rows {
                for column in 0..<width { values[row * width + column] = Float(x[row, first + column]) }
            }
        }
        meanSquare += try ColumnMeans.center(buffer.all, rows: x.rows, width: width, threads: threads)
        try tile.add(buffer.all, buffer.all, width: width, threads: threads)
    }
    var gram = [Float](repeating: 0, count: x.rows * x.rows)
    var span = gram.mutableSpan
    tile.copy(rows: 0..<x.rows, into: &span)
    return (gram, meanSquare)
}

/// The similarities of all pairs of Gram matrices, from partial sums of groups of rows.
func fastSimilarity(_ grams: [[Float]], n: Int, meanSquares: [Double], groups: Int) throws -> EpochSimilarity {
    let bounds = (0...groups).map { $0 * n / groups }
    let partials = try zip(bounds, bounds.dropFirst()).map { start, end in
        try HSICPartialSums.compute(matrices: grams.count, images: n, rows: start..<end) { matrix, rows in
            Array(grams[matrix][rows.lowerBound * n..<rows.upperBound * n])
        }
    }
    return try #require(similarity(of: partials, meanSquares: meanSquares))
}

/// Adds groups up in the order given; nil where they do not make up the epoch.
func similarity(of partials: [HSICPartialSums], meanSquares: [Double]) -> EpochSimilarity? {
    guard let first = partials.first else { return nil }
    var sums = EpochSums(matrices: first.matrices, images: first.images)
    guard partials.allSatisfy({ sums.add($0) }) else { return nil }
    return EpochSimilarity(sums, meanSquares: meanSquares)
}

func fastCKA(_ x: Matrix, _ y: Matrix, block: Int = 7, groups: Int = 5) throws -> Similarity {
    let grams = try [x, y].map { try fastGram($0, block: block) }
    return try fastSimilarity(
        grams.map(\.gram),
        n: x.rows,
        meanSquares: grams.map(\.meanSquare),
        groups: min(groups, x.rows)
    )[0, 1]
}

@Suite("CKA", .timeLimit(.minutes(120)))
struct SimilarityTests {
    /// Gram matrices are kept as float32, which changes CKA by some 1e-11; float32 products of blocks by some 1e-8.
    static let tolerance = 1e-7

    @Test("It agrees with the definitions in float64", arguments: [(4, 1), (5, 3), (33, 17), (100, 40), (530, 20)])
    func agreesWithDefinition(images: Int, features: Int) throws {
        var random = MersenneTwister(seed: UInt32(images))
        let x = Matrix.gaussian(rows: images, columns: features, using: &random)
        let noise = Matrix.gaussian(rows: images, columns: features, using: &random)
        let y = x.map { row, column, value in value + noise[row, column] }
        let (expected, fast) = (slowCKA(x, y), try fastCKA(x, y))
        #expect(abs(try #require(fast.cka) - expected.biased) < Self.tolerance)
        #expect(abs(try #require(fast.debiased) - expected.debiased) < Self.tolerance * 10)
    }

    @Test("Two or three images have a biased CKA, and no debiased one", arguments: [2, 3], [1, 4, 30])
    func fewImages(images: Int, features: Int) throws {
        var random = MersenneTwister(seed: UInt32(images * 100 + features))
        let x = Matrix.gaussian(rows: images, columns: features, using: &random)
        let y = Matrix.gaussian(rows: images, columns: features, using: &random)
        let fast = try fastCKA(x, y, groups: images)
        #expect(abs(try #require(fast.cka) - slowCKA(x, y).biased) < Self.tolerance)
        #expect(fast.debiased == nil && fast.reason == .tooFewImages)
        #expect(try fastCKA(x, x.map { _, column, _ in Double(column) }).reason == .constantFeatures)
        #expect(try fastCKA(x, x.map { row, _, value in row == 1 ? .nan : value }).reason == .notFinite)
    }

    @Test("Features whose mean is a hundred times their spread lose no digits")
    func offsets() throws {
        var random = MersenneTwister(seed: 5)
        let x = Matrix.gaussian(rows: 64, columns: 30, using: &random).map { Double(Float($2 + 100 * Double($1 % 3))) }
        let y = Matrix.gaussian(rows: 64, columns: 30, using: &random).map { Double(Float($2 + x[$0, $1] - 50)) }
        let (expected, fast) = (slowCKA(x, y), try fastCKA(x, y))
        #expect(abs(try #require(fast.cka) - expected.biased) < Self.tolerance)
        #expect(abs(try #require(fast.debiased) - expected.debiased) < Self.tolerance)
    }

    @Test("Two correlated Gaussians have the published similarity")
    func gaussians() throws {
        struct Pair: Decodable {
            let x: [Double]
            let y: [Double]
        }
        let pair = try JSONDecoder().decode(Pair.self, from: resource("gaussians.json"))
        let similarity = try fastCKA(Matrix(rows: 100, columns: 10, pair.x), Matrix(rows: 100, columns: 10, pair.y))
        #expect(abs(try #require(similarity.cka) - 0.5576132566) < 1e-7)
        #expect(abs(try #require(similarity.debiased) - 0.5134564895) < 1e-7)
    }

    @Test("Gram matrices of the Python reference give its float64 similarities")
    func referenceGrams() throws {
        struct Golden: Decodable {
            let name: String
            let first: [Double]
            let second: [Double]
            let biased: Double
            let debiased: Double
        }
        for golden in try JSONDecoder().decode([Golden].self, from: resource("grams.json")) {
            let n = 32
            let grams = [golden.first, golden.second].map { values in
                let gram = Matrix(rows: n, columns: n, values)
                let means = (0..<n).map { i in (0..<n).reduce(0) { $0 + gram[i, $1] } / Double(n) }
                let mean = means.reduce(0, +) / Double(n)
                return gram.map { $2 - means[$0] - means[$1] + mean }.values.map { Float($0) }
            }
            let similarity = try fastSimilarity(grams, n: n, meanSquares: [0, 0], groups: 4)[0, 1]
            #expect(abs(try #require(similarity.cka) - golden.biased) < Self.tolerance, "\(golden.name)")
            #expect(abs(try #require(similarity.debiased) - golden.debiased) < Self.tolerance, "\(golden.name)")
        }
    }

    @Test("It is symmetric, and 1 for features with themselves, rotated, scaled or shifted")
    func laws() throws {
        var random = MersenneTwister(seed: 7)
        let x = Matrix.gaussian(rows: 40, columns: 6, using: &random)
        let y = Matrix.gaussian(rows: 40, columns: 9, using: &random)
        // A rotation in the plane of the first two features.
        let angle = 0.7
        let rotated = x.map { row, column, value in
            switch column {
            case 0: cos(angle) * x[row, 0] - sin(angle) * x[row, 1]
            case 1: sin(angle) * x[row, 0] + cos(angle) * x[row, 1]
            default: value
            }
        }
        for same in [x, rotated, x.map { $2 * 3 }, x.map { $2 + Double($1) }] {
            let similarity = try fastCKA(x, same)
            #expect(abs(try #require(similarity.cka) - 1) < 1e-6)
            #expect(abs(try #require(similarity.debiased) - 1) < 1e-6)
        }
        let (there, back) = (try fastCKA(x, y), try fastCKA(y, x))
        #expect(abs(try #require(there.cka) - (try #require(back.cka))) < 1e-12)
        let shuffled = x.map { row, column, _ in x[(row * 7 + 3) % 40, column] }
        #expect(try #require(fastCKA(x, shuffled).cka) < 0.5)
    }

    @Test("Independent features are unrelated to the debiased CKA, though not to the biased one")
    func independence() throws {
        var random = MersenneTwister(seed: 11)
        let x = Matrix.gaussian(rows: 64, columns: 640, using: &random)
        let y = Matrix.gaussian(rows: 64, columns: 640, using: &random)
        let similarity = try fastCKA(x, y, block: 100)
        #expect(abs(try #require(similarity.cka) - 0.909) < 0.01)
        #expect(abs(try #require(similarity.debiased)) < 0.1)
    }

    @Test("The number of threads does not change a bit", arguments: [1, 3])
    func bits(threads: Int) throws {
        var random = MersenneTwister(seed: 13)
        let x = Matrix.gaussian(rows: 600, columns: 50, using: &random)
        #expect(try fastGram(x, block: 20, threads: threads).gram == fastGram(x, block: 20, threads: 2).gram)
        let gram = try fastGram(x, block: 20).gram
        for row in 0..<600 { for column in 0..<row { #expect(gram[row * 600 + column] == gram[column * 600 + row]) } }
    }

    @Test("A tile off the diagonal holds the same products as the whole matrix")
    func tiles() throws {
        var random = MersenneTwister(seed: 17)
        let x = Matrix.gaussian(rows: 700, columns: 16, using: &random)
        let buffer = try FloatBuffer(count: 700 * 16)
        buffer.all.withMutableValues { values in for index in values.indices { values[index] = Float(x.values[index]) }
        }
        let whole = GramTile(rows: 700, columns: 700, isSymmetric: true)
        try whole.add(buffer.all, buffer.all, width: 16, threads: 2)
        let (top, bottom) = (
            buffer.region(offset: 0, count: 100 * 16), buffer.region(offset: 100 * 16, count: 600 * 16)
        )
        let tile = GramTile(rows: 600, columns: 100, isSymmetric: false)
        try tile.add(bottom, top, width: 16, threads: 2)
        var all = [Float](repeating: 0, count: 700 * 700)
        var part = [Float](repeating: 0, count: 20 * 100)
        var span = all.mutableSpan
        whole.copy(rows: 0..<700, into: &span)
        var partSpan = part.mutableSpan
        tile.copy(rows: 500..<520, into: &partSpan)
        for row in 0..<20 {
            for column in 0..<100 {
                #expect(abs(part[row * 100 + column] - all[(600 + row) * 700 + column]) < 1e-4)
            }
        }
    }

    @Test("What is undefined is said, not computed")
    func undefined() throws {
        var random = MersenneTwister(seed: 19)
        let x = Matrix.gaussian(rows: 12, columns: 5, using: &random)
        let constant = x.map { _, column, _ in 1000 + Double(column) }
        #expect(try fastCKA(x, constant) == Similarity(cka: nil, debiased: nil, reason: .constantFeatures))
        #expect(try fastCKA(x, x.map { _, _, _ in 0 }).reason == .constantFeatures)
        let one = Matrix.gaussian(rows: 1, columns: 5, using: &random)
        #expect(try fastCKA(one, one) == Similarity(cka: nil, debiased: nil, reason: .tooFewImages))
        #expect(try fastCKA(x, x.map { row, _, value in row == 3 ? .infinity : value }).reason == .notFinite)
        // One feature that only one image has: a single outlier, whose unbiased HSIC with itself is zero.
        let outlier = x.map { row, column, _ in row == 4 && column == 0 ? 1 : 0 }
        let similarity = try fastCKA(x, outlier)
        #expect(similarity.reason == .degenerate && similarity.debiased == nil && similarity.cka != nil)
    }

    @Test("Groups that do not make up the epoch are refused")
    func incomplete() throws {
        let parts = [0..<3, 3..<6, 6..<8].map { HSICPartialSums(matrices: 2, images: 8, rows: $0) }
        #expect(similarity(of: parts, meanSquares: [0, 0]) != nil)
        #expect(similarity(of: Array(parts.dropFirst()), meanSquares: [0, 0]) == nil)
        #expect(similarity(of: [parts[0], parts[0], parts[1], parts[2]], meanSquares: [0, 0]) == nil)
        #expect(similarity(of: Array(parts.dropLast()), meanSquares: [0, 0]) == nil)
        #expect(similarity(of: parts, meanSquares: [0]) == nil)
    }
}
