// SPDX-License-Identifier: MIT

extension BlockedKernels {
    /// The greatest value in each window; what is outside the maps counts as −∞.
    ///
    /// Windows beside one another share the greatest values of their columns; the engine's kernel, which does not make use
    /// of that, was measured to take almost three times as long with AVX2. Of equal values, which may be zeros of either
    /// sign, any is taken.
    ///
    /// - Parameters:
    ///   - source: the maps.
    ///   - shape: their shape.
    ///   - window: the windows; each reaches into the maps.
    ///   - destination: takes a value a window, in as many channels.
    public static func poolMaxima(
        _ source: FloatRegion,
        _ shape: MapShape,
        window: Window,
        into destination: FloatRegion
    ) {
        let side = window.positions(over: shape.side)
        let block = CPUEngine.channelBlock
        let (wide, narrow) = (shape.side * shape.side * block, side * side * block)
        let blocks = shape.images * shape.paddedChannels / block
        precondition(source.count >= blocks * wide && destination.count >= blocks * narrow, "regions must fit")
        unsafe withUnsafeTemporaryAllocation(of: SIMD8<Float>.self, capacity: shape.side) { buffer in
            guard let columns = buffer.baseAddress else { return }
            for index in 0..<blocks {
                for half in stride(from: 0, to: block, by: 8) {
                    let input = unsafe source.pointer + index * wide + half
                    let output = unsafe destination.pointer + index * narrow + half
                    for row in 0..<side {
                        let rows = window.range(at: row, over: shape.side)
                        unsafe greatestOfColumns(input, rows, shape.side, block, into: columns)
                        unsafe greatestOfWindows(columns, window, shape.side, side, block, output + row * side * block)
                    }
                }
            }
        }
    }

    /// The greatest values of each column of some rows, eight channels at a time.
    @inline(__always)
    private static func greatestOfColumns(
        _ input: UnsafeMutablePointer<Float>,
        _ rows: Range<Int>,
        _ side: Int,
        _ block: Int,
        into columns: UnsafeMutablePointer<SIMD8<Float>>
    ) {
        let line = side * block
        let first = unsafe input + rows.lowerBound * line
        for column in 0..<side {
            let place = unsafe first + column * block
            var greatest = unsafe GradientKernels.load(place)
            for row in 1..<rows.count { greatest = unsafe greater(greatest, GradientKernels.load(place + row * line)) }
            unsafe columns[column] = greatest
        }
    }

    /// The greatest values of the windows of one row.
    @inline(__always)
    private static func greatestOfWindows(
        _ columns: UnsafeMutablePointer<SIMD8<Float>>,
        _ window: Window,
        _ inputSide: Int,
        _ outputSide: Int,
        _ block: Int,
        _ output: UnsafeMutablePointer<Float>
    ) {
        for column in 0..<outputSide {
            let reach = window.range(at: column, over: inputSide)
            var greatest = unsafe columns[reach.lowerBound]
            for other in reach.dropFirst() { greatest = unsafe greater(greatest, columns[other]) }
            unsafe GradientKernels.store(greatest, output + column * block)
        }
    }

    @inline(__always)
    private static func greater(_ one: SIMD8<Float>, _ other: SIMD8<Float>) -> SIMD8<Float> {
        one.replacing(with: other, where: other .> one)
    }
}

extension GradientKernels {
    /// The gradient before max pooling: each window's goes to the first of its greatest values, row by row.
    ///
    /// - Parameters:
    ///   - gradient: behind the pooling.
    ///   - pooled: what the pooling wrote.
    ///   - source: what it read.
    ///   - shape: the shape of `source` and of `destination`.
    ///   - window: the pooling's window.
    ///   - destination: takes the gradient.
    public static func passMaxPooling(
        _ gradient: FloatRegion,
        _ pooled: FloatRegion,
        _ source: FloatRegion,
        _ shape: MapShape,
        window: Window,
        into destination: FloatRegion
    ) {
        let side = window.positions(over: shape.side)
        let block = CPUEngine.channelBlock
        let (wide, narrow) = (shape.side * shape.side * block, side * side * block)
        let blocks = shape.images * shape.paddedChannels / block
        precondition(gradient.count >= blocks * narrow && pooled.count >= blocks * narrow, "regions must fit")
        precondition(source.count >= shape.count && destination.count >= shape.count, "regions must fit")
        for index in 0..<blocks {
            for half in stride(from: 0, to: block, by: 8) {
                unsafe passMaxPooling(
                    gradient.pointer + index * narrow + half,
                    pooled.pointer + index * narrow + half,
                    source.pointer + index * wide + half,
                    destination.pointer + index * wide + half,
                    isFirst: half == 0,
                    side,
                    shape.side,
                    window,
                    block
                )
            }
        }
    }

    /// Eight channels of one image; the first of a block clear all its channels.
    @inline(__always)
    private static func passMaxPooling(
        _ gradient: UnsafeMutablePointer<Float>,
        _ pooled: UnsafeMutablePointer<Float>,
        _ source: UnsafeMutablePointer<Float>,
        _ destination: UnsafeMutablePointer<Float>,
        isFirst: Bool,
        _ outputSide: Int,
        _ inputSide: Int,
        _ window: Window,
        _ block: Int
    ) {
        let whole = window.wholePositions(over: inputSide)
        // Rows are cleared just before they are added to, while they are at hand.
        var cleared = isFirst ? 0 : inputSide
        func clear(to end: Int) {
            guard cleared < end else { return }
            let line = inputSide * block
            unsafe (destination + cleared * line).update(repeating: 0, count: (end - cleared) * line)
            cleared = end
        }
        for row in 0..<outputSide {
            let rows = window.range(at: row, over: inputSide)
            clear(to: rows.upperBound)
            // Loops of a known length are unrolled.
            let isThree = window.side == 3 && whole.contains(row)
            let unrolled = isThree ? whole : 0..<0
            var column = 0
            while column < outputSide {
                let columns = window.range(at: column, over: inputSide)
                var place = (row * outputSide + column) * block
                var tap = (rows.lowerBound * inputSide + columns.lowerBound) * block
                guard unrolled.contains(column) else {
                    var rest = unsafe load(gradient + place)
                    let greatest = unsafe load(pooled + place)
                    for _ in rows {
                        unsafe passRow(&rest, greatest, source + tap, destination + tap, columns.count, block)
                        tap += inputSide * block
                    }
                    column += 1
                    continue
                }
                let (line, step) = (inputSide * block, window.stride * block)
                for _ in unrolled {
                    var rest = unsafe load(gradient + place)
                    let greatest = unsafe load(pooled + place)
                    let (second, third) = (tap &+ line, tap &+ 2 &* line)
                    unsafe passRow(&rest, greatest, source + tap, destination + tap, 3, block)
                    unsafe passRow(&rest, greatest, source + second, destination + second, 3, block)
                    unsafe passRow(&rest, greatest, source + third, destination + third, 3, block)
                    place &+= block
                    tap &+= step
                }
                column = unrolled.upperBound
            }
        }
        clear(to: inputSide)
    }

    /// Adds a gradient where a window's greatest value stands first in one of its rows; the rest of it is left for the next.
    @inline(__always)
    private static func passRow(
        _ rest: inout SIMD8<Float>,
        _ greatest: SIMD8<Float>,
        _ source: UnsafeMutablePointer<Float>,
        _ destination: UnsafeMutablePointer<Float>,
        _ columns: Int,
        _ block: Int
    ) {
        for x in 0..<columns {
            let tap = x &* block
            let isPlace = unsafe load(source + tap) .== greatest
            let passing = SIMD8<Float>(repeating: 0).replacing(with: rest, where: isPlace)
            unsafe store(load(destination + tap) + passing, destination + tap)
            // It passes as a whole or not at all, so that this leaves nothing or all of it; as bits, which is fastest.
            rest = unsafe unsafeBitCast(
                unsafeBitCast(rest, to: SIMD8<Int32>.self) ^ unsafeBitCast(passing, to: SIMD8<Int32>.self),
                to: SIMD8<Float>.self
            )
        }
    }
}
