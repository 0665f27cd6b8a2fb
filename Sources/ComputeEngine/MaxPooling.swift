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
        let maps = PooledMaps(shape, window)
        let (side, block) = (maps.outputSide, maps.block)
        precondition(source.count >= shape.count && destination.count >= maps.outputCount, "regions must fit")
        unsafe withUnsafeTemporaryAllocation(of: SIMD8<Float>.self, capacity: shape.side) { buffer in
            guard let columns = buffer.baseAddress else { return }
            maps.forEachVector { before, behind, _ in
                let input = unsafe source.pointer + before
                let output = unsafe destination.pointer + behind
                for row in 0..<side {
                    let rows = window.range(at: row, over: shape.side)
                    unsafe greatestOfColumns(input, rows, shape.side, block, into: columns)
                    unsafe greatestOfWindows(columns, window, shape.side, side, block, output + row * side * block)
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
        let maps = PooledMaps(shape, window)
        precondition(gradient.count >= maps.outputCount && pooled.count >= maps.outputCount, "regions must fit")
        precondition(source.count >= shape.count && destination.count >= shape.count, "regions must fit")
        maps.forEachVector { before, behind, isFirst in
            let channels = unsafe PooledChannels(
                gradient: gradient.pointer + behind,
                pooled: pooled.pointer + behind,
                source: source.pointer + before,
                destination: destination.pointer + before,
                maps: maps
            )
            channels.passMaxima(isClearing: isFirst)
        }
    }
}

/// How maps lie before and behind a pooling.
private struct PooledMaps {
    let inputSide: Int
    let outputSide: Int
    let window: Window
    let block = CPUEngine.channelBlock
    private let blocks: Int

    init(_ shape: MapShape, _ window: Window) {
        self.window = window
        inputSide = shape.side
        outputSide = window.positions(over: shape.side)
        blocks = shape.images * shape.paddedChannels / block
    }

    /// The values behind the pooling.
    var outputCount: Int { blocks * outputSide * outputSide * block }

    /// Calls a closure for each eight channels of an image, with their places before and behind the pooling, and whether
    /// they are the first of their block.
    @inline(__always)
    func forEachVector(_ body: (_ before: Int, _ behind: Int, _ isFirst: Bool) -> Void) {
        for index in 0..<blocks {
            for half in stride(from: 0, to: block, by: 8) {
                let (before, behind) = (inputSide * inputSide * block, outputSide * outputSide * block)
                body(index * before + half, index * behind + half, half == 0)
            }
        }
    }
}

/// Eight channels of one image on the way back through a max pooling.
@safe
private struct PooledChannels {
    let gradient: UnsafeMutablePointer<Float>
    let pooled: UnsafeMutablePointer<Float>
    let source: UnsafeMutablePointer<Float>
    let destination: UnsafeMutablePointer<Float>
    let maps: PooledMaps

    /// Adds the gradients of all windows; where asked for, clears all channels of the block before.
    @inline(__always)
    func passMaxima(isClearing: Bool) {
        let window = maps.window
        let whole = window.wholePositions(over: maps.inputSide)
        // Rows are cleared just before they are added to, while they are at hand.
        var cleared = isClearing ? 0 : maps.inputSide
        for row in 0..<maps.outputSide {
            let rows = window.range(at: row, over: maps.inputSide)
            clear(&cleared, to: rows.upperBound)
            // Loops of a known length are unrolled.
            let hasThrees = window.side == 3 && whole.contains(row)
            let threes = hasThrees ? whole : maps.outputSide..<maps.outputSide
            passPartial(row, rows, 0..<threes.lowerBound)
            passThrees(row, rows.lowerBound, threes)
            passPartial(row, rows, threes.upperBound..<maps.outputSide)
        }
        clear(&cleared, to: maps.inputSide)
    }

    @inline(__always)
    private func clear(_ cleared: inout Int, to end: Int) {
        guard cleared < end else { return }
        let line = maps.inputSide * maps.block
        unsafe (destination + cleared * line).update(repeating: 0, count: (end - cleared) * line)
        cleared = end
    }

    /// Windows of a row that may reach outside the map.
    @inline(__always)
    private func passPartial(_ row: Int, _ rows: Range<Int>, _ columns: Range<Int>) {
        for column in columns {
            let reach = maps.window.range(at: column, over: maps.inputSide)
            let place = (row * maps.outputSide + column) * maps.block
            var rest = unsafe GradientKernels.load(gradient + place)
            let greatest = unsafe GradientKernels.load(pooled + place)
            for tapRow in rows {
                passRow(&rest, greatest, (tapRow * maps.inputSide + reach.lowerBound) * maps.block, reach.count)
            }
        }
    }

    /// Windows of a row that are three rows high and three columns wide within the map.
    @inline(__always)
    private func passThrees(_ row: Int, _ firstRow: Int, _ columns: Range<Int>) {
        guard !columns.isEmpty else { return }
        let firstColumn = maps.window.range(at: columns.lowerBound, over: maps.inputSide).lowerBound
        let (line, step) = (maps.inputSide * maps.block, maps.window.stride * maps.block)
        var place = (row * maps.outputSide + columns.lowerBound) * maps.block
        var tap = (firstRow * maps.inputSide + firstColumn) * maps.block
        for _ in columns {
            var rest = unsafe GradientKernels.load(gradient + place)
            let greatest = unsafe GradientKernels.load(pooled + place)
            passRow(&rest, greatest, tap, 3)
            passRow(&rest, greatest, tap &+ line, 3)
            passRow(&rest, greatest, tap &+ 2 &* line, 3)
            place &+= maps.block
            tap &+= step
        }
    }

    /// Adds a gradient where a window's greatest value stands first in one of its rows; the rest of it is left for the next.
    @inline(__always)
    private func passRow(_ rest: inout SIMD8<Float>, _ greatest: SIMD8<Float>, _ place: Int, _ columns: Int) {
        for x in 0..<columns {
            let tap = place &+ x &* maps.block
            let isPlace = unsafe GradientKernels.load(source + tap) .== greatest
            let passing = SIMD8<Float>(repeating: 0).replacing(with: rest, where: isPlace)
            unsafe GradientKernels.store(GradientKernels.load(destination + tap) + passing, destination + tap)
            // It passes as a whole or not at all, so that this leaves nothing or all of it; as bits, which is fastest.
            rest = unsafe unsafeBitCast(
                unsafeBitCast(rest, to: SIMD8<Int32>.self) ^ unsafeBitCast(passing, to: SIMD8<Int32>.self),
                to: SIMD8<Float>.self
            )
        }
    }
}
