// SPDX-License-Identifier: MIT

/// The logistic function 1 / (1 + e⁻ˣ) of four numbers, to about 2⁻²².
@inline(__always)
func sigmoid(_ x: SIMD4<Float>) -> SIMD4<Float> {
    1 / (1 + exponential(-x))
}

/// The exponential function of four numbers to about 2⁻²³ of its value, which it keeps between e⁻⁸⁷ and e⁸⁷.
///
/// e to the x is 2ⁿ times e to the r, where |r| ≤ ln 2 / 2: the first factor is put together from its
/// bits, the second is a polynomial.
@inline(__always)
func exponential(_ x: SIMD4<Float>) -> SIMD4<Float> {
    var x = x.replacing(with: 87, where: x .> 87)
    x = x.replacing(with: -87, where: x .< -87)
    // Adding 1.5 · 2²³ rounds to whole numbers, which are then the lowest bits.
    let shifted = x * 1.442_695 + 12_582_912
    let n = shifted - 12_582_912
    // ln 2 in two parts, of which the first has so few bits that n times it is exact.
    let r = (x - n * 0.693_359_375) + n * 2.121_944_4e-4
    var sum = r * 1.388_888_9e-3 + 8.333_333e-3
    sum = sum * r + 4.166_666_6e-2
    sum = sum * r + 0.166_666_67
    sum = sum * r + 0.5
    sum = sum * r + 1
    sum = sum * r + 1
    let bits = unsafe unsafeBitCast(shifted, to: SIMD4<UInt32>.self)
    let power = unsafe unsafeBitCast((bits &<< 23) &+ 0x3F80_0000, to: SIMD4<Float>.self)
    return sum * power
}
