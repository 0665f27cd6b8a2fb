// SPDX-License-Identifier: MIT

internal import ComputeEngine

/// A square of pixels, red, green, blue and an unused lane each, in a part of a buffer.
///
/// A pixel is one vector, so that interpolation reads and writes all its colours at once.
@safe
struct PixelGrid {
    /// The bytes of a pixel.
    static let pixelBytes = MemoryLayout<SIMD4<Float>>.stride

    /// The first pixel.
    let origin: UnsafeMutableRawPointer
    /// The number of rows and of columns.
    let side: Int
    /// The bytes from a row to the next.
    let rowBytes: Int
    /// Keeps the memory alive.
    private let region: FloatRegion

    private init(origin: UnsafeMutableRawPointer, side: Int, rowBytes: Int, region: FloatRegion) {
        self.region = region
        unsafe self.origin = origin
        self.side = side
        self.rowBytes = rowBytes
    }

    /// Lays a square out at the beginning of a region.
    init(side: Int, in region: FloatRegion) {
        precondition(region.count >= 4 * side * side, "the region must hold the square")
        unsafe self.init(
            origin: UnsafeMutableRawPointer(region.pointer),
            side: side,
            rowBytes: side * Self.pixelBytes,
            region: region
        )
    }

    /// The square without so many pixels on each side.
    func inset(by margin: Int) -> PixelGrid {
        precondition(margin >= 0 && side > 2 * margin, "something must be left")
        return unsafe PixelGrid(
            origin: origin + margin * rowBytes + margin * Self.pixelBytes,
            side: side - 2 * margin,
            rowBytes: rowBytes,
            region: region
        )
    }

    /// The first pixel of a row.
    @inline(__always)
    func row(_ index: Int) -> UnsafeMutableRawPointer {
        unsafe origin + index * rowBytes
    }

    /// Gives every pixel one value.
    func fill(with value: SIMD4<Float>) {
        for index in 0..<side {
            let row = unsafe row(index)
            for column in 0..<side { unsafe storePixel(value, row, column) }
        }
    }

    /// Gives the pixels of an outer frame of this width the value zero.
    func clearFrame(width: Int) {
        for index in 0..<side {
            let row = unsafe row(index)
            let isInside = index >= width && index < side - width
            for column in 0..<(isInside ? width : side) { unsafe storePixel(.zero, row, column) }
            for column in (side - width)..<side { unsafe storePixel(.zero, row, column) }
        }
    }
}

/// A pixel of a row.
@inline(__always)
func loadPixel(_ row: UnsafeMutableRawPointer, _ column: Int) -> SIMD4<Float> {
    unsafe row.load(fromByteOffset: column * PixelGrid.pixelBytes, as: SIMD4<Float>.self)
}

/// Sets a pixel of a row.
@inline(__always)
func storePixel(_ pixel: SIMD4<Float>, _ row: UnsafeMutableRawPointer, _ column: Int) {
    unsafe row.storeBytes(of: pixel, toByteOffset: column * PixelGrid.pixelBytes, as: SIMD4<Float>.self)
}
