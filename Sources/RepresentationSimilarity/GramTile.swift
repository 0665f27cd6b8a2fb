// SPDX-License-Identifier: MIT

public import ComputeEngine
private import SystemSupport

/// A part of a Gram matrix XXᵀ that grows as blocks of features arrive.
///
/// A block's products are float32, in squares of 512 rows that are one thread's each; they are added up in
/// float64. So the sum depends on the order of the blocks, but not on the number of threads.
public final class GramTile: Sendable {
    /// Rows and columns of the squares that are multiplied at once.
    public static let square = 512

    /// The number of rows.
    public let rows: Int
    /// The number of columns.
    public let columns: Int
    /// Whether rows and columns are the same images, so that the lower half is enough.
    public let isSymmetric: Bool

    private let squares: [(row: Range<Int>, column: Range<Int>)]
    private let sums: [SquareSum]

    /// A tile of zeros; a symmetric one has as many rows as columns.
    public init(rows: Int, columns: Int, isSymmetric: Bool) {
        precondition(!isSymmetric || rows == columns, "a symmetric tile is square")
        self.rows = rows
        self.columns = columns
        self.isSymmetric = isSymmetric
        var squares: [(row: Range<Int>, column: Range<Int>)] = []
        for row in stride(from: 0, to: rows, by: Self.square) {
            for column in stride(from: 0, to: isSymmetric ? row + 1 : columns, by: Self.square) {
                squares.append((row..<min(row + Self.square, rows), column..<min(column + Self.square, columns)))
            }
        }
        self.squares = squares
        sums = squares.map { SquareSum(count: $0.row.count * $0.column.count) }
    }

    /// Adds the products of a block of features.
    ///
    /// - Parameters:
    ///   - left: the rows' features, `rows` × `width`, row by row.
    ///   - right: the columns' features, `columns` × `width`; the same as `left` where the tile is symmetric.
    ///   - width: the number of features in the block.
    ///   - threads: how many threads may work.
    /// - Throws: `ComputeError` where the engine fails.
    public func add(_ left: FloatRegion, _ right: FloatRegion, width: Int, threads: Int) throws {
        precondition(left.count >= rows * width && right.count >= columns * width, "the block must be whole")
        let scratch = ScratchPool(count: Self.square * Self.square)
        try runTasks(squares.count, threads: threads) { task in
            let (row, column) = self.squares[task]
            let product = try scratch.next()
            defer { scratch.giveBack(product) }
            try MatrixProducts.multiplyTransposed(
                left.part(offset: row.lowerBound * width, count: row.count * width),
                rows: row.count,
                right.part(offset: column.lowerBound * width, count: column.count * width),
                columns: column.count,
                depth: width,
                into: product.all
            )
            self.sums[task].values.withLock { sum in
                product.all.withValues { values in addWidened(values, to: &sum) }
            }
        }
    }

    /// Writes some rows, rounded to float32, one after the other.
    ///
    /// Of a symmetric tile only what is below the diagonal counts, so that the copy is symmetric to the last bit.
    public func copy(rows range: Range<Int>, into destination: inout MutableSpan<Float>) {
        precondition(destination.count == range.count * columns, "the destination holds whole rows")
        for (index, (squareRow, squareColumn)) in squares.enumerated() {
            sums[index].values.withLock { sum in
                let (top, left, width) = (squareRow.lowerBound, squareColumn.lowerBound, squareColumn.count)
                let isDiagonal = isSymmetric && squareRow == squareColumn
                for row in squareRow.clamped(to: range) {
                    for column in squareColumn {
                        let (low, high) = isDiagonal ? (min(row, column), max(row, column)) : (column, row)
                        destination[(row - range.lowerBound) * columns + column] =
                            Float(sum[(high - top) * width + low - left])
                    }
                }
                guard isSymmetric, !isDiagonal else { return }
                for row in squareColumn.clamped(to: range) {
                    for column in squareRow {
                        destination[(row - range.lowerBound) * columns + column] =
                            Float(sum[(column - top) * width + row - left])
                    }
                }
            }
        }
    }
}

/// The sums of one square, which one thread at a time adds to.
private final class SquareSum: Sendable {
    let values: Monitor<[Double]>

    init(count: Int) {
        values = Monitor([Double](repeating: 0, count: count))
    }
}

/// Adds float32 values to float64 sums.
private func addWidened(_ values: Span<Float>, to sums: inout [Double]) {
    precondition(values.count >= sums.count, "one value a sum")
    var cells = sums.mutableSpan
    for index in cells.indices { cells[index] += Double(values[index]) }
}

/// Squares of floats that threads take and give back.
private final class ScratchPool: Sendable {
    private let count: Int
    private let free = Monitor<[FloatBuffer]>([])

    init(count: Int) {
        self.count = count
    }

    func next() throws -> FloatBuffer {
        try free.withLock { $0.popLast() } ?? FloatBuffer(count: count)
    }

    func giveBack(_ buffer: FloatBuffer) {
        free.withLock { $0.append(buffer) }
    }
}
