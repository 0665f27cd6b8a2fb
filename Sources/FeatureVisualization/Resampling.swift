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

/// Writes the weighted sum of an output's rows; few taps have code of their own, without an inner loop.
private func combineRows(of source: PixelGrid, _ taps: AxisTaps, _ output: Int, into line: UnsafeMutableRawPointer) {
    switch taps.tapCount {
    case 1: unsafe combineRows(of: source, taps, 1, output, into: line)
    case 2: unsafe combineRows(of: source, taps, 2, output, into: line)
    case 3: unsafe combineRows(of: source, taps, 3, output, into: line)
    case 4: unsafe combineRows(of: source, taps, 4, output, into: line)
    default: unsafe combineRows(of: source, taps, taps.tapCount, output, into: line)
    }
}

@inline(__always)
private func combineRows(
    of source: PixelGrid,
    _ taps: AxisTaps,
    _ tapCount: Int,
    _ output: Int,
    into line: UnsafeMutableRawPointer
) {
    let first = unsafe source.row(taps.starts[output])
    let rowBytes = source.rowBytes
    let weights = taps.weights.span.extracting((output * tapCount)..<((output + 1) * tapCount))
    for column in 0..<source.side {
        var sum = unsafe loadPixel(first, column) * weights[0]
        for tap in 1..<max(1, tapCount) {
            unsafe sum += loadPixel(first + tap * rowBytes, column) * weights[tap]
        }
        unsafe storePixel(sum, line, column)
    }
}

/// Writes the weighted sums of a line's pixels.
private func combineColumns(of line: UnsafeMutableRawPointer, _ taps: AxisTaps, into row: UnsafeMutableRawPointer) {
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
        let place = unsafe line + starts[unchecked: output] * PixelGrid.pixelBytes
        let base = output * tapCount
        var sum = unsafe loadPixel(place, 0) * weights[unchecked: base]
        for tap in 1..<max(1, tapCount) { unsafe sum += loadPixel(place, tap) * weights[unchecked: base + tap] }
        unsafe storePixel(sum, row, output)
    }
}
