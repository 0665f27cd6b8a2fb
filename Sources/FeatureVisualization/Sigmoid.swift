// SPDX-License-Identifier: MIT

/// The logistic function 1 / (1 + e⁻ˣ) of eight numbers, to about 2⁻²².
@inline(__always)
func sigmoid(_ x: SIMD8<Float>) -> SIMD8<Float> {
    1 / (1 + exponential(-x))
}

/// The exponential function of eight numbers to about 2⁻²³ of its value, which it keeps between e⁻⁸⁷ and e⁸⁷.
///
/// e to the x is 2ⁿ times e to the r, where |r| ≤ ln 2 / 2: the first factor is put together from its
/// bits, the second is a polynomial.
@inline(__always)
func exponential(_ x: SIMD8<Float>) -> SIMD8<Float> {
    let x = -lesser(-lesser(x, 87), 87)
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
    let bits = unsafe unsafeBitCast(shifted, to: SIMD8<UInt32>.self)
    let power = unsafe unsafeBitCast((bits &<< 23) &+ 0x3F80_0000, to: SIMD8<Float>.self)
    return sum * power
}

/// The lesser of numbers and a limit.
///
/// Comparing vectors gives masks, which the compiler takes apart and puts together again in longer code than the whole
/// function's; a difference's sign bit does the same.
@inline(__always)
private func lesser(_ x: SIMD8<Float>, _ limit: Float) -> SIMD8<Float> {
    let limits = SIMD8(repeating: limit)
    let isLess = unsafe unsafeBitCast(x - limits, to: SIMD8<Int32>.self) &>> 31
    let kept = unsafe unsafeBitCast(x, to: SIMD8<Int32>.self) & isLess
    let replaced = unsafe unsafeBitCast(limits, to: SIMD8<Int32>.self) & ~isLess
    return unsafe unsafeBitCast(kept | replaced, to: SIMD8<Float>.self)
}
