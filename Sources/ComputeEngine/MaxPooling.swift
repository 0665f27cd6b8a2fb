// SPDX-License-Identifier: MIT

extension BlockedKernels {
    /// The greatest value in each window; what is outside the maps counts as −∞.
    ///
    /// Windows beside one another share the greatest values of their columns; the engine's kernel, which does not make use
    /// of that, was measured to take almost three times as long with AVX2. Which of several equal values is taken makes no difference.
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
