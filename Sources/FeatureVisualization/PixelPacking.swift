// SPDX-License-Identifier: MIT

// Four pixels are four vectors of colours, or three vectors of one colour each: both are transposes of the other.
// Rows are taken in groups of four. The last group ends with the row, so it may overlap the one before and do the same
// work twice, which changes nothing.

/// The columns at which a row's groups of four start.
@inline(__always)
func groupStart(_ group: Int, width: Int) -> Int {
    min(4 * group, width - 4)
}

/// The number of groups of four that cover a row.
@inline(__always)
func groupCount(width: Int) -> Int {
    (width + 3) / 4
}

/// Four values of one colour plane in a row.
@inline(__always)
func loadFour(_ plane: UnsafePointer<Float>, _ index: Int) -> SIMD4<Float> {
    unsafe UnsafeRawPointer(plane + index).loadUnaligned(as: SIMD4<Float>.self)
}

/// Sets four values of one colour plane.
@inline(__always)
func storeFour(_ values: SIMD4<Float>, _ plane: UnsafeMutablePointer<Float>, _ index: Int) {
    unsafe UnsafeMutableRawPointer(plane + index).storeBytes(of: values, as: SIMD4<Float>.self)
}

/// Four pixels' values, by colour.
struct FourPixels {
    var red: SIMD4<Float>
    var green: SIMD4<Float>
    var blue: SIMD4<Float>

    @inline(__always)
    init(red: SIMD4<Float>, green: SIMD4<Float>, blue: SIMD4<Float>) {
        self.red = red
        self.green = green
        self.blue = blue
    }

    /// Reads pixels of a row from a column on.
    @inline(__always)
    init(_ row: UnsafeMutableRawPointer, _ column: Int) {
        let left = unsafe SIMD8(lowHalf: loadPixel(row, column), highHalf: loadPixel(row, column + 1))
        let right = unsafe SIMD8(lowHalf: loadPixel(row, column + 2), highHalf: loadPixel(row, column + 3))
        let even = SIMD8(lowHalf: left.evenHalf, highHalf: right.evenHalf)
        red = even.evenHalf
        green = SIMD8(lowHalf: left.oddHalf, highHalf: right.oddHalf).evenHalf
        blue = even.oddHalf
    }

    /// Writes the pixels into a row from a column on, with zeros in the unused lane.
    @inline(__always)
    func store(_ row: UnsafeMutableRawPointer, _ column: Int) {
        let pairs = interleaved(red, green)
        let rest = interleaved(blue, .zero)
        let (left, right) = (pairs.lowHalf, pairs.highHalf)
        unsafe storePixel(SIMD4(lowHalf: left.lowHalf, highHalf: rest.lowHalf.lowHalf), row, column)
        unsafe storePixel(SIMD4(lowHalf: left.highHalf, highHalf: rest.lowHalf.highHalf), row, column + 1)
        unsafe storePixel(SIMD4(lowHalf: right.lowHalf, highHalf: rest.highHalf.lowHalf), row, column + 2)
        unsafe storePixel(SIMD4(lowHalf: right.highHalf, highHalf: rest.highHalf.highHalf), row, column + 3)
    }
}

/// The first of both, then the second of both, and so on.
@inline(__always)
private func interleaved(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> SIMD8<Float> {
    var both = SIMD8<Float>.zero
    both.evenHalf = a
    both.oddHalf = b
    return both
}
