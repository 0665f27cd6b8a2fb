// SPDX-License-Identifier: MIT

internal import ComputeEngine

/// From three planes whose values are nearly independent in natural images to colours between 0 and 1, and back.
///
/// The colours are a matrix times the three values, then the logistic function. The matrix is lucid's
/// square root of the colours' covariance over its greatest column's length, in float32.
struct ColorMapping {
    static let matrix: [[Float]] = [
        [0.562_828_54, 0.194_825_277, 0.043_294_504_3],
        [0.584_475_815, 0, -0.108_236_261],
        [0.584_475_815, -0.194_825_277, 0.064_941_756_4],
    ]

    /// The number of rows and of columns of the picture.
    let side: Int
    /// The number of values from a plane to the next.
    let planeStride: Int

    /// Writes the colours of three planes, once as planes and once as pixels.
    func colors(of planes: FloatRegion, into image: FloatRegion, and pixels: PixelGrid) {
        check(planes, image, pixels)
        writeColors(of: planes, into: image)
        let kept = unsafe image.pointer
        for index in 0..<side {
            let row = unsafe pixels.row(index)
            for group in 0..<groupCount(width: side) {
                let column = groupStart(group, width: side)
                let place = index * side + column
                let four = unsafe FourPixels(
                    red: loadFour(kept, place),
                    green: loadFour(kept, planeStride + place),
                    blue: loadFour(kept, 2 * planeStride + place)
                )
                unsafe four.store(row, column)
            }
        }
    }

    /// Writes the gradient of the three planes from that of the colours, which were kept as planes.
    func gradient(of pixels: PixelGrid, at image: FloatRegion, into planes: FloatRegion) {
        check(planes, image, pixels)
        let target = unsafe planes.pointer
        for index in 0..<side {
            let row = unsafe pixels.row(index)
            for group in 0..<groupCount(width: side) {
                let column = groupStart(group, width: side)
                let place = index * side + column
                let four = unsafe FourPixels(row, column)
                unsafe storeFour(four.red, target, place)
                unsafe storeFour(four.green, target, planeStride + place)
                unsafe storeFour(four.blue, target, 2 * planeStride + place)
            }
        }
        replaceGradient(planes, at: image)
    }

    // The arithmetic has loops of its own: beside the transposes of pixels the compiler works on single numbers.

    private func writeColors(of planes: FloatRegion, into image: FloatRegion) {
        let source = unsafe planes.pointer
        let target = unsafe image.pointer
        let m = ColorMatrix()
        for place in stride(from: 0, to: planeStride, by: 8) {
            let t0 = unsafe loadEight(source, place)
            let t1 = unsafe loadEight(source, planeStride + place)
            let t2 = unsafe loadEight(source, 2 * planeStride + place)
            unsafe storeEight(sigmoid(t0 * m.red.x + t1 * m.red.y + t2 * m.red.z), target, place)
            let green = sigmoid(t0 * m.green.x + t1 * m.green.y + t2 * m.green.z)
            unsafe storeEight(green, target, planeStride + place)
            let blue = sigmoid(t0 * m.blue.x + t1 * m.blue.y + t2 * m.blue.z)
            unsafe storeEight(blue, target, 2 * planeStride + place)
        }
    }

    /// Replaces the gradient of colours by that of the values before them.
    private func replaceGradient(_ planes: FloatRegion, at image: FloatRegion) {
        let colors = unsafe image.pointer
        let gradient = unsafe planes.pointer
        let m = ColorMatrix()
        for place in stride(from: 0, to: planeStride, by: 8) {
            let (second, third) = (planeStride + place, 2 * planeStride + place)
            let red = unsafe loadEight(gradient, place) * slope(loadEight(colors, place))
            let green = unsafe loadEight(gradient, second) * slope(loadEight(colors, second))
            let blue = unsafe loadEight(gradient, third) * slope(loadEight(colors, third))
            unsafe storeEight(red * m.red.x + green * m.green.x + blue * m.blue.x, gradient, place)
            unsafe storeEight(red * m.red.y + green * m.green.y + blue * m.blue.y, gradient, second)
            unsafe storeEight(red * m.red.z + green * m.green.z + blue * m.blue.z, gradient, third)
        }
    }

    private func check(_ planes: FloatRegion, _ image: FloatRegion, _ pixels: PixelGrid) {
        precondition(side >= 4 && planeStride >= side * side && pixels.side == side, "the sizes must fit")
        precondition(planeStride % 8 == 0, "planes hold whole vectors")
        precondition(planes.count >= 3 * planeStride && image.count >= 3 * planeStride, "three planes each")
    }
}

/// The matrix as numbers that a loop keeps in registers.
private struct ColorMatrix {
    let red = Row(ColorMapping.matrix[0])
    let green = Row(ColorMapping.matrix[1])
    let blue = Row(ColorMapping.matrix[2])

    struct Row {
        let x: Float
        let y: Float
        let z: Float

        init(_ row: [Float]) { (x, y, z) = (row[0], row[1], row[2]) }
    }
}

/// The slope of the logistic function where it has a value.
@inline(__always)
private func slope(_ value: SIMD8<Float>) -> SIMD8<Float> {
    value * (1 - value)
}

@inline(__always)
private func loadEight(_ plane: UnsafeMutablePointer<Float>, _ index: Int) -> SIMD8<Float> {
    unsafe UnsafeRawPointer(plane + index).load(as: SIMD8<Float>.self)
}

@inline(__always)
private func storeEight(_ values: SIMD8<Float>, _ plane: UnsafeMutablePointer<Float>, _ index: Int) {
    unsafe UnsafeMutableRawPointer(plane + index).storeBytes(of: values, as: SIMD8<Float>.self)
}
