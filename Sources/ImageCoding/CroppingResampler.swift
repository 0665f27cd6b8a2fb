// SPDX-License-Identifier: MIT

/// Resizes pictures to one size, as Pillow's 8-bit bilinear filter does, and computes a window of the result only.
///
/// Sides are resized one after the other, width first, and rounded to 8 bits in between. One thread
/// owns a resampler: it keeps the weights for sizes it has met, and its buffers.
public struct CroppingResampler: ~Copyable {
    private let outputWidth: Int
    private let outputHeight: Int
    private let columns: Range<Int>
    private let rows: Range<Int>
    private var filters: [Sides: BilinearFilter] = [:]
    private var pixelRow: [SIMD4<Int32>] = []
    private var narrowed: [UInt8] = []
    private var sums: [Int32]

    private struct Sides: Hashable {
        let input: Int
        let isWidth: Bool
    }

    /// Sets the size to resize to, and the window of it to compute.
    public init(width: Int, height: Int, columns: Range<Int>, rows: Range<Int>) {
        precondition(columns.lowerBound >= 0 && columns.upperBound <= width, "the window lies within the width")
        precondition(rows.lowerBound >= 0 && rows.upperBound <= height, "the window lies within the height")
        outputWidth = width
        outputHeight = height
        self.columns = columns
        self.rows = rows
        sums = [Int32](repeating: 0, count: columns.count * 3)
    }

    /// Writes the window as three planes of samples plus an offset: red, green, blue.
    public mutating func resample(_ image: RGBImage, addingToEach offset: Float, into planes: inout MutableSpan<Float>)
    {
        precondition(planes.count == 3 * rows.count * columns.count, "three planes of the window's size")
        let vertical = prepare(image)
        let area = rows.count * columns.count
        let width = columns.count
        for row in 0..<rows.count {
            combine(narrowed, vertical, output: row, into: &sums)
            let sums = sums.span
            for channel in 0..<3 {
                let start = channel * area + row * width
                var target = planes._mutatingExtracting(start..<(start + width))
                let source = sums.extracting((channel * width)..<((channel + 1) * width))
                for x in target.indices { target[x] = Float(clamped(source[x])) + offset }
            }
        }
    }

    /// The window as a picture.
    public mutating func resample(_ image: RGBImage) -> RGBImage {
        let vertical = prepare(image)
        let width = columns.count
        var pixels = [UInt8](repeating: 0, count: width * rows.count * 3)
        for row in 0..<rows.count {
            combine(narrowed, vertical, output: row, into: &sums)
            for x in 0..<width {
                for channel in 0..<3 {
                    let sample = clamped(sums[channel * width + x])
                    pixels[(row * width + x) * 3 + channel] = UInt8(truncatingIfNeeded: sample)
                }
            }
        }
        return RGBImage(width: width, height: rows.count, pixels: pixels)
    }

    /// Resizes the width of all rows that the window needs, and returns the filter for the height.
    private mutating func prepare(_ image: RGBImage) -> BilinearFilter {
        let horizontal = filter(Sides(input: image.width, isWidth: true))
        let vertical = filter(Sides(input: image.height, isWidth: false))
        let needed = vertical.inputs
        let rowLength = columns.count * 3
        if narrowed.count < needed.count * rowLength {
            narrowed = [UInt8](repeating: 0, count: needed.count * rowLength)
        }
        if pixelRow.count < image.width { pixelRow = [SIMD4<Int32>](repeating: .zero, count: image.width) }
        narrowRows(needed, of: image, horizontal, vectors: &pixelRow, into: &narrowed)
        return vertical
    }

    private mutating func filter(_ sides: Sides) -> BilinearFilter {
        if let known = filters[sides] { return known }
        let made = BilinearFilter(
            from: sides.input,
            to: sides.isWidth ? outputWidth : outputHeight,
            outputs: sides.isWidth ? columns : rows
        )
        if filters.count >= 256 { filters.removeAll() }
        filters[sides] = made
        return made
    }
}

/// Resizes the width of some rows, one behind the other.
private func narrowRows(
    _ rows: Range<Int>,
    of image: RGBImage,
    _ filter: BilinearFilter,
    vectors: inout [SIMD4<Int32>],
    into narrowed: inout [UInt8]
) {
    let rowLength = filter.starts.count * 3
    let samples = image.pixels.span
    var vectors = vectors.mutableSpan
    var narrowed = narrowed.mutableSpan
    for (index, row) in rows.enumerated() {
        let source = samples.extracting((row * image.width * 3)..<((row + 1) * image.width * 3))
        widen(source, columns: filter.inputs, into: &vectors)
        var line = narrowed._mutatingExtracting((index * rowLength)..<((index + 1) * rowLength))
        narrow(vectors.span, filter, into: &line)
    }
}

/// Adds up the rows of one output row, weighted, in the fixed point of the weights.
private func combine(_ rows: [UInt8], _ vertical: BilinearFilter, output: Int, into sums: inout [Int32]) {
    let rowLength = sums.count
    let first = vertical.starts[output] - vertical.inputs.lowerBound
    var sums = sums.mutableSpan
    for index in sums.indices { sums[index] = 1 << (BilinearFilter.precision - 1) }
    for tap in 0..<vertical.counts[output] {
        let weight = vertical.weights[output * vertical.stride + tap]
        addWeighted(
            rows.span.extracting(((first + tap) * rowLength)..<((first + tap + 1) * rowLength)),
            weight,
            to: &sums
        )
    }
}

/// Puts the pixels of a row into vectors, of which the last lane is unused.
private func widen(_ row: Span<UInt8>, columns: Range<Int>, into pixels: inout MutableSpan<SIMD4<Int32>>) {
    for x in columns {
        pixels[x] = SIMD4(Int32(row[x * 3]), Int32(row[x * 3 + 1]), Int32(row[x * 3 + 2]), 0)
    }
}

/// Resizes one row and leaves it as three planes.
private func narrow(_ pixels: Span<SIMD4<Int32>>, _ filter: BilinearFilter, into planes: inout MutableSpan<UInt8>) {
    let width = filter.starts.count
    let half = SIMD4<Int32>(repeating: 1 << (BilinearFilter.precision - 1))
    let starts = filter.starts.span
    let counts = filter.counts.span
    let weights = filter.weights.span
    for x in 0..<width {
        var sum = half
        for tap in 0..<counts[x] {
            sum &+= pixels[starts[x] + tap] &* SIMD4(repeating: weights[x * filter.stride + tap])
        }
        planes[x] = UInt8(truncatingIfNeeded: clamped(sum[0]))
        planes[width + x] = UInt8(truncatingIfNeeded: clamped(sum[1]))
        planes[2 * width + x] = UInt8(truncatingIfNeeded: clamped(sum[2]))
    }
}

private func addWeighted(_ line: Span<UInt8>, _ weight: Int32, to sums: inout MutableSpan<Int32>) {
    precondition(line.count == sums.count, "a sum for each sample")
    for index in sums.indices { sums[index] &+= Int32(line[index]) &* weight }
}

/// A sum without its fraction, within a byte's range.
@inline(__always)
private func clamped(_ sum: Int32) -> Int32 {
    min(max(sum &>> BilinearFilter.precision, 0), 255)
}

extension RGBImage {
    /// The picture in another size, equal to Pillow's `resize(…, BILINEAR)`.
    public func resizedBilinear(width: Int, height: Int) -> RGBImage {
        var resampler = CroppingResampler(width: width, height: height, columns: 0..<width, rows: 0..<height)
        return resampler.resample(self)
    }
}
