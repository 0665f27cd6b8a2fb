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
        let source = unsafe planes.pointer
        let kept = unsafe image.pointer
        let m = ColorMatrix()
        for index in 0..<side {
            let row = unsafe pixels.row(index)
            for group in 0..<groupCount(width: side) {
                let column = groupStart(group, width: side)
                let place = index * side + column
                let t0 = unsafe loadFour(source, place)
                let t1 = unsafe loadFour(source, planeStride + place)
                let t2 = unsafe loadFour(source, 2 * planeStride + place)
                let four = FourPixels(
                    red: sigmoid(t0 * m.red.x + t1 * m.red.y + t2 * m.red.z),
                    green: sigmoid(t0 * m.green.x + t1 * m.green.y + t2 * m.green.z),
                    blue: sigmoid(t0 * m.blue.x + t1 * m.blue.y + t2 * m.blue.z)
                )
                unsafe storeFour(four.red, kept, place)
                unsafe storeFour(four.green, kept, planeStride + place)
                unsafe storeFour(four.blue, kept, 2 * planeStride + place)
                unsafe four.store(row, column)
            }
        }
    }

    /// Writes the gradient of the three planes from that of the colours, which were kept as planes.
    func gradient(of pixels: PixelGrid, at image: FloatRegion, into planes: FloatRegion) {
        check(planes, image, pixels)
        let kept = unsafe image.pointer
        let target = unsafe planes.pointer
        let m = ColorMatrix()
        for index in 0..<side {
            let row = unsafe pixels.row(index)
            for group in 0..<groupCount(width: side) {
                let column = groupStart(group, width: side)
                let place = index * side + column
                var four = unsafe FourPixels(row, column)
                unsafe four.red *= slope(loadFour(kept, place))
                unsafe four.green *= slope(loadFour(kept, planeStride + place))
                unsafe four.blue *= slope(loadFour(kept, 2 * planeStride + place))
                let d0 = four.red * m.red.x + four.green * m.green.x + four.blue * m.blue.x
                let d1 = four.red * m.red.y + four.green * m.green.y + four.blue * m.blue.y
                let d2 = four.red * m.red.z + four.green * m.green.z + four.blue * m.blue.z
                unsafe storeFour(d0, target, place)
                unsafe storeFour(d1, target, planeStride + place)
                unsafe storeFour(d2, target, 2 * planeStride + place)
            }
        }
    }

    private func check(_ planes: FloatRegion, _ image: FloatRegion, _ pixels: PixelGrid) {
        precondition(side >= 4 && planeStride >= side * side && pixels.side == side, "the sizes must fit")
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
private func slope(_ value: SIMD4<Float>) -> SIMD4<Float> {
    value * (1 - value)
}
