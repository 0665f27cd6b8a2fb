// SPDX-License-Identifier: MIT

public import ComputeEngine

/// Means of the columns of a block of features, taken and subtracted in float64.
public enum ColumnMeans {
    /// Adds the rows of a block to sums, one a column.
    public static func add(_ block: FloatRegion, rows: Int, width: Int, columns: Range<Int>, to sums: inout [Double]) {
        precondition(block.count >= rows * width && columns.upperBound <= width, "the block must be whole")
        precondition(sums.count == columns.count, "one sum a column")
        block.withValues { values in
            for row in 0..<rows {
                addRow(
                    values.extracting(row * width + columns.lowerBound..<row * width + columns.upperBound),
                    to: &sums
                )
            }
        }
    }

    /// Subtracts means from the rows of a block in place.
    public static func subtract(
        _ means: [Double],
        from block: FloatRegion,
        rows: Int,
        width: Int,
        columns: Range<Int>
    ) {
        precondition(block.count >= rows * width && columns.upperBound <= width, "the block must be whole")
        precondition(means.count == columns.count, "one mean a column")
        for row in 0..<rows {
            block.part(offset: row * width + columns.lowerBound, count: columns.count).withMutableValues { values in
                subtractRow(means.span, from: &values)
            }
        }
    }

    private static func addRow(_ row: Span<Float>, to sums: inout [Double]) {
        precondition(row.count == sums.count, "one sum a column")
        var cells = sums.mutableSpan
        for index in cells.indices { cells[index] += Double(row[index]) }
    }

    private static func subtractRow(_ means: Span<Double>, from row: inout MutableSpan<Float>) {
        precondition(row.count == means.count, "one mean a column")
        for index in row.indices { row[index] = Float(Double(row[index]) - means[index]) }
    }

    /// Centres a block whose rows are all of an epoch's, with several threads; the sum of the squared means, in column order.
    public static func center(_ block: FloatRegion, rows: Int, width: Int, threads: Int) throws -> Double {
        let strip = 1024
        let strips = (width + strip - 1) / strip
        let squares = FloatSums(count: strips)
        try runTasks(strips, threads: threads) { task in
            let columns = task * strip..<min((task + 1) * strip, width)
            var means = [Double](repeating: 0, count: columns.count)
            add(block, rows: rows, width: width, columns: columns, to: &means)
            for index in means.indices { means[index] /= Double(rows) }
            subtract(means, from: block, rows: rows, width: width, columns: columns)
            squares.set(task, to: means.reduce(0) { $0 + $1 * $1 })
        }
        return squares.total
    }
}
