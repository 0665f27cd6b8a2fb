// SPDX-License-Identifier: MIT

internal import ComputeEngine

/// Maps the rows and the columns of a square, each axis by its own taps.
///
/// The line is scratch for one row of the source.
func resample(
    _ source: PixelGrid,
    rows: AxisTaps,
    columns: AxisTaps,
    into destination: PixelGrid,
    line: FloatRegion
) {
    precondition(rows.inputCount == source.side && columns.inputCount == source.side, "the source must fit")
    precondition(
        rows.outputCount == destination.side && columns.outputCount == destination.side,
        "the destination must fit"
    )
    precondition(line.count >= 4 * source.side, "the line must hold a row")
    let scratch = unsafe UnsafeMutableRawPointer(line.pointer)
    for output in 0..<rows.outputCount {
        unsafe combineRows(of: source, rows, output, into: scratch)
        unsafe combineColumns(of: scratch, columns, into: destination.row(output))
    }
}

/// Writes the weighted sum of an output's rows.
private func combineRows(
    of source: PixelGrid,
    _ taps: AxisTaps,
    _ output: Int,
    into line: UnsafeMutableRawPointer
) {
    let first = unsafe source.row(taps.starts[output])
    let weights = taps.weights.span.extracting((output * taps.tapCount)..<((output + 1) * taps.tapCount))
    let weight = weights[0]
    for column in 0..<source.side { unsafe storePixel(loadPixel(first, column) * weight, line, column) }
    for tap in 1..<max(1, taps.tapCount) where weights[tap] != 0 {
        let row = unsafe first + tap * source.rowBytes
        let weight = weights[tap]
        for column in 0..<source.side {
            unsafe storePixel(loadPixel(line, column) + loadPixel(row, column) * weight, line, column)
        }
    }
}

/// Writes the weighted sums of a line's pixels; few taps have code of their own, without an inner loop.
private func combineColumns(
    of line: UnsafeMutableRawPointer,
    _ taps: AxisTaps,
    into row: UnsafeMutableRawPointer
) {
    switch taps.tapCount {
    case 1: unsafe combineColumns(of: line, taps, 1, into: row)
    case 2: unsafe combineColumns(of: line, taps, 2, into: row)
    case 3: unsafe combineColumns(of: line, taps, 3, into: row)
    case 4: unsafe combineColumns(of: line, taps, 4, into: row)
    default: unsafe combineColumns(of: line, taps, taps.tapCount, into: row)
    }
}

@inline(__always)
private func combineColumns(
    of line: UnsafeMutableRawPointer,
    _ taps: AxisTaps,
    _ tapCount: Int,
    into row: UnsafeMutableRawPointer
) {
    let starts = taps.starts.span
    let weights = taps.weights.span
    precondition(weights.count == starts.count * tapCount, "as many weights for each output")
    for output in starts.indices {
        let place = unsafe line + starts[output] * PixelGrid.pixelBytes
        let base = output * tapCount
        var sum = unsafe loadPixel(place, 0) * weights[base]
        for tap in 1..<max(1, tapCount) { unsafe sum += loadPixel(place, tap) * weights[base + tap] }
        unsafe storePixel(sum, row, output)
    }
}
