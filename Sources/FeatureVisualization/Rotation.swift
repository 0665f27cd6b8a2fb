// SPDX-License-Identifier: MIT

/// A rotation of a square about its centre with bilinear interpolation; what lies outside counts as zero.
///
/// Positions are fixed-point numbers with 32 bits after the point. They are added up along a row without
/// any error, while float32 would be off by a hundred-thousandth of a pixel.
struct Rotation {
    /// The pixels around the square that taps just outside it read and write.
    static let margin = 2

    private let side: Int
    private let origin: FixedPoint
    private let columnStep: FixedPoint
    private let rowStep: FixedPoint

    /// Rotates squares of a side by an angle, anticlockwise as displayed.
    init(side: Int, degrees: Int) {
        self.side = side
        let turned = sineAndCosine(Double(degrees) * (.pi / 180))
        let (sine, cosine) = (turned[0], turned[1])
        let center = Double(side - 1) / 2
        origin = FixedPoint(center - (cosine - sine) * center, center - (sine + cosine) * center)
        columnStep = FixedPoint(cosine, sine)
        rowStep = FixedPoint(-sine, cosine)
    }

    /// Rotates a square within a frame of zeros, `margin` wide.
    func apply(_ framed: PixelGrid, into destination: PixelGrid) {
        let source = framed.inset(by: Self.margin)
        precondition(source.side == side && destination.side == side, "the squares must fit")
        for index in 0..<side {
            let row = unsafe destination.row(index)
            var position = origin.moved(by: rowStep, times: index)
            for column in 0..<side {
                let tap = BilinearTap(position, source)
                let top = unsafe mix(loadPixel(tap.top, 0), loadPixel(tap.top, 1), tap.right)
                let bottom = unsafe mix(loadPixel(tap.bottom, 0), loadPixel(tap.bottom, 1), tap.right)
                unsafe storePixel(mix(top, bottom, tap.down), row, column)
                position.move(by: columnStep)
            }
        }
    }

    /// Takes the gradient of the rotated square back to that of the square before, in a frame `margin` wide.
    ///
    /// The frame itself is overwritten with the gradients of zeros that nobody asked for.
    func applyTransposed(_ gradient: PixelGrid, into framed: PixelGrid) {
        let target = framed.inset(by: Self.margin)
        precondition(target.side == side && gradient.side == side, "the squares must fit")
        framed.fill(with: .zero)
        for index in 0..<side {
            let row = unsafe gradient.row(index)
            var position = origin.moved(by: rowStep, times: index)
            for column in 0..<side {
                let tap = BilinearTap(position, target)
                let value = unsafe loadPixel(row, column)
                let bottom = value * tap.down
                unsafe share(value - bottom, tap.right, to: tap.top)
                unsafe share(bottom, tap.right, to: tap.bottom)
                position.move(by: columnStep)
            }
        }
    }
}

/// A position as whole multiples of 2⁻³² pixels.
private struct FixedPoint {
    var x: Int
    var y: Int

    init(_ x: Double, _ y: Double) {
        self.x = Int(x * 0x1p32)
        self.y = Int(y * 0x1p32)
    }

    @inline(__always)
    mutating func move(by step: FixedPoint) {
        x &+= step.x
        y &+= step.y
    }

    func moved(by step: FixedPoint, times count: Int) -> FixedPoint {
        var moved = self
        moved.x += step.x * count
        moved.y += step.y * count
        return moved
    }
}

/// Where a position lies in a square: the upper left of its four pixels, the lower left, and the fractions beyond them.
@safe
private struct BilinearTap {
    let top: UnsafeMutableRawPointer
    let bottom: UnsafeMutableRawPointer
    let right: Float
    let down: Float

    /// Positions far outside move to the frame, where all is zero.
    @inline(__always)
    init(_ position: FixedPoint, _ square: PixelGrid) {
        let column = min(max(position.x &>> 32, -Rotation.margin), square.side)
        let row = min(max(position.y &>> 32, -Rotation.margin), square.side)
        unsafe top = square.origin + (row &* square.rowBytes &+ column &* PixelGrid.pixelBytes)
        unsafe bottom = top + square.rowBytes
        right = fraction(position.x)
        down = fraction(position.y)
    }
}

/// The part after the point, in the 24 bits that a float32 holds.
@inline(__always)
private func fraction(_ position: Int) -> Float {
    Float(Int32(truncatingIfNeeded: (position &>> 8) & 0xFF_FFFF)) * 0x1p-24
}

@inline(__always)
private func mix(_ a: SIMD4<Float>, _ b: SIMD4<Float>, _ fraction: Float) -> SIMD4<Float> {
    a + (b - a) * fraction
}

/// Adds a gradient to a pixel and the next by their parts in it.
@inline(__always)
private func share(_ gradient: SIMD4<Float>, _ fraction: Float, to place: UnsafeMutableRawPointer) {
    let second = gradient * fraction
    unsafe storePixel(loadPixel(place, 0) + (gradient - second), place, 0)
    unsafe storePixel(loadPixel(place, 1) + second, place, 1)
}
