// SPDX-License-Identifier: MIT

internal import ComputeEngine

/// The layout of a picture's spectrum, and the factors between it and what the Fourier transform reads and writes.
///
/// A spectrum is three planes of `size` × `columns` complex numbers. Those of high frequencies count
/// less, by 1 / max(f, 1 / size), so that all of a natural image's have about the same size.
struct SpectrumScale {
    let size: Int
    /// The number of complex columns; all others follow from these, since the picture is real.
    var columns: Int { size / 2 + 1 }
    /// The number of values of a plane.
    var planeCount: Int { size * columns * 2 }
    /// The number of values from a plane to the next: planes start at multiples of 64 bytes.
    var planeStride: Int { (planeCount + 15) & ~15 }
    /// The number of values with what fills planes up.
    var count: Int { 3 * planeStride }

    /// Writes the factors of a plane's values before the transform to a picture.
    ///
    /// They hold the normalisation 1 / √(size²) and a division by 4, which is lucid's.
    func writeForward(_ factors: FloatRegion) {
        writeFactors(factors, ofMirrored: 1)
    }

    /// Writes the factors of a plane's values after the transform of a gradient.
    ///
    /// Columns stand for two, themselves and their mirror image, except those that are their own.
    func writeBackward(_ factors: FloatRegion) {
        writeFactors(factors, ofMirrored: 2)
    }

    private func writeFactors(_ factors: FloatRegion, ofMirrored weight: Double) {
        precondition(factors.count == planeStride, "a factor for each value of a plane")
        let side = Double(size)
        factors.withMutableValues { values in
            for row in 0..<size {
                let y = Double(min(row, size - row)) / side
                for column in 0..<columns {
                    let x = Double(column) / side
                    let scale = 1 / max((x * x + y * y).squareRoot(), 1 / side)
                    let isOwnMirror = column == 0 || 2 * column == size
                    let factor = Float(scale * (isOwnMirror ? 1 : weight) / (4 * side))
                    let place = (row * columns + column) * 2
                    values[place] = factor
                    values[place + 1] = factor
                }
            }
        }
    }

    /// Writes the spectrum that a picture starts from: Gaussian numbers with a standard deviation of 0.01.
    ///
    /// Each complex number is a block of the draws.
    func writeStart(_ spectrum: FloatRegion, from draws: RandomDraws) {
        precondition(spectrum.count == count, "the region must hold a spectrum")
        spectrum.withMutableValues { values in
            for plane in 0..<3 {
                for index in 0..<(size * columns) {
                    let pair = draws.gaussians(plane * size * columns + index) * 0.01
                    values[plane * planeStride + 2 * index] = Float(pair[0])
                    values[plane * planeStride + 2 * index + 1] = Float(pair[1])
                }
            }
        }
    }
}

/// Writes the products of three planes' values and a plane of factors; says whether all of their squares are finite.
///
/// Source and destination may be the same.
@discardableResult
func multiplyPlanes(_ source: FloatRegion, by factors: FloatRegion, into destination: FloatRegion) -> Bool {
    let count = factors.count
    precondition(count % 8 == 0, "planes hold whole vectors")
    precondition(source.count == 3 * count && destination.count == 3 * count, "three planes each")
    let factors = unsafe UnsafeRawPointer(factors.pointer)
    var zeros = SIMD8<Float>.zero
    for plane in 0..<3 {
        let from = unsafe UnsafeRawPointer(source.pointer + plane * count)
        let to = unsafe UnsafeMutableRawPointer(destination.pointer + plane * count)
        for offset in stride(from: 0, to: count * 4, by: 32) {
            let factor = unsafe factors.load(fromByteOffset: offset, as: SIMD8<Float>.self)
            let product = unsafe from.load(fromByteOffset: offset, as: SIMD8<Float>.self) * factor
            // Zero times a number is zero, unless that is infinite or none. An optimiser takes squares, so these count.
            zeros += product * product * 0
            unsafe to.storeBytes(of: product, toByteOffset: offset, as: SIMD8<Float>.self)
        }
    }
    return zeros == .zero
}
