// SPDX-License-Identifier: MIT

private import ComputeEngine
internal import RepresentationSimilarity
internal import SystemPackage
private import SystemSupport
internal import TensorStorage
private import WorkerRuntime

/// An epoch's rows of a layer's activations, which are gathered a block of features at a time.
final class FeatureSource {
    private let source: InputArray
    private let rows: [Int]
    private let threads: Int
    /// The number of blocks of features.
    let blockCount: Int
    /// Features of a block; the last one may have fewer.
    let blockWidth: Int
    private let featureCount: Int
    /// The means of each block over all rows, once they are known: eight bytes a feature.
    private var knownMeans: [Int: [Double]] = [:]

    init(reading source: InputArray, of array: FilePath, rows: [Int], threads: Int) throws {
        let metadata = source.reader.metadata
        guard metadata.shape.count >= 2, metadata.chunkShape[0] == 1,
            metadata.chunkShape.dropFirst(2).elementsEqual(metadata.shape.dropFirst(2)),
            rows.allSatisfy({ $0 < metadata.shape[0] })
        else {
            throw InputError.malformed(array, "its shape \(metadata.shape) or chunks \(metadata.chunkShape) do not fit")
        }
        self.source = source
        self.rows = rows
        self.threads = threads
        blockCount = metadata.chunkGrid[1]
        blockWidth = metadata.chunkElementCount
        featureCount = metadata.shape.dropFirst().reduce(1, *)
    }

    /// Adds the products of centred features of some rows with those of some columns to a tile.
    ///
    /// Where the tile has all images, means are taken from the block at hand. Else they are taken in a pass of their
    /// own over all rows, once, and rows are read again tile by tile.
    ///
    /// - Returns: the squared norm of the mean of all features.
    func multiply(
        _ left: Range<Int>,
        _ right: Range<Int>,
        into tile: GramTile,
        afterEach: (Int) throws -> Void
    ) throws -> Double {
        let isWhole = tile.isSymmetric && left.count == rows.count
        let leftBuffer = try FloatBuffer(count: left.count * blockWidth)
        let rightBuffer = tile.isSymmetric ? leftBuffer : try FloatBuffer(count: right.count * blockWidth)
        var meanSquare = 0.0
        for block in 0..<blockCount {
            let width = min(blockWidth, featureCount - block * blockWidth)
            if isWhole {
                try gather(block, width, left, into: leftBuffer)
                meanSquare += try ColumnMeans.center(leftBuffer.all, rows: left.count, width: width, threads: threads)
            } else {
                let means = try means(of: block, width, by: leftBuffer)
                meanSquare += means.reduce(0) { $0 + $1 * $1 }
                try gather(block, width, left, into: leftBuffer)
                try subtract(means, from: leftBuffer, rows: left.count, width)
                if !tile.isSymmetric {
                    try gather(block, width, right, into: rightBuffer)
                    try subtract(means, from: rightBuffer, rows: right.count, width)
                }
            }
            try tile.add(leftBuffer.all, rightBuffer.all, width: width, threads: threads)
            try afterEach(block)
        }
        return meanSquare
    }

    /// The means of a block over all rows, through a buffer that holds a part of them.
    private func means(of block: Int, _ width: Int, by buffer: FloatBuffer) throws -> [Double] {
        if let known = knownMeans[block] { return known }
        var sums = [Double](repeating: 0, count: width)
        let step = buffer.count / blockWidth
        for start in stride(from: 0, to: rows.count, by: step) {
            let range = start..<min(start + step, rows.count)
            try gather(block, width, range, into: buffer)
            ColumnMeans.add(buffer.all, rows: range.count, width: width, columns: 0..<width, to: &sums)
        }
        let means = sums.map { $0 / Double(rows.count) }
        knownMeans[block] = means
        return means
    }

    private func subtract(_ means: [Double], from buffer: FloatBuffer, rows: Int, _ width: Int) throws {
        let rowsAtOnce = 64
        try runTasks((rows + rowsAtOnce - 1) / rowsAtOnce, threads: threads) { task in
            let range = task * rowsAtOnce..<min((task + 1) * rowsAtOnce, rows)
            let part = buffer.region(offset: range.lowerBound * width, count: range.count * width)
            ColumnMeans.subtract(means, from: part, rows: range.count, width: width, columns: 0..<width)
        }
    }

    /// Reads a block of features of some rows, each row's `width` values one after the other.
    private func gather(_ block: Int, _ width: Int, _ range: Range<Int>, into buffer: FloatBuffer) throws {
        let (source, rows, blockWidth) = (self.source, self.rows, self.blockWidth)
        let threads = min(max(self.threads, source.reader.readersAtOnce), range.count)
        let rest = [Int](repeating: 0, count: source.reader.metadata.shape.count - 2)
        try onThreads(threads, named: "gather") { thread in
            var codec = try source.reader.makeCodec()
            var chunk = [Float](repeating: 0, count: blockWidth)
            for place in stride(from: thread, to: range.count, by: threads) {
                let row = rows[range.lowerBound + place]
                let target = buffer.region(offset: place * width, count: width)
                try source.read {
                    guard width < blockWidth else {
                        return try target.withMutableValues { values in
                            try source.reader.readChunk([row, block] + rest, with: &codec, into: &values)
                        }
                    }
                    var span = chunk.mutableSpan
                    try source.reader.readChunk([row, block] + rest, with: &codec, into: &span)
                    target.withMutableValues { values in
                        for index in values.indices { values[index] = chunk[index] }
                    }
                }
            }
        }
    }
}
