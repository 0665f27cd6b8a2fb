// SPDX-License-Identifier: MIT

// Functions in float64 to about its last digit, from operations that every machine rounds alike: the C library picks
// its own by the processor, and a picture must start from the same bits everywhere.

/// The natural logarithm of a positive, normal number.
func naturalLogarithm(_ x: Double) -> Double {
    var (exponent, m) = (Double(x.exponent), x.significand)
    if m > 1.414_213_562_373_095_1 {
        m *= 0.5
        exponent += 1
    }
    // ln m = 2 artanh s, and |s| < 0.172.
    let s = (m - 1) / (m + 1)
    let square = s * s
    var sum = 0.0
    for odd in stride(from: 21.0, through: 1, by: -2) { sum = sum * square + 1 / odd }
    return exponent * 0.693_147_180_559_945_3 + 2 * s * sum
}

/// The sine and the cosine of a number of full turns from 0 to 1.
func sineAndCosine(turns: Double) -> SIMD2<Double> {
    let quarter = Int(turns * 4 + 0.5)
    let near = sineAndCosine((turns * 4 - Double(quarter)) * (.pi / 2))
    return switch quarter & 3 {
    case 0: near
    case 1: SIMD2(near[1], -near[0])
    case 2: -near
    default: SIMD2(-near[1], near[0])
    }
}

/// The sine and the cosine of an angle of at most π/4 either way.
func sineAndCosine(_ angle: Double) -> SIMD2<Double> {
    let square = angle * angle
    var (sine, cosine) = (1.0, 1.0)
    for n in stride(from: 18.0, through: 2, by: -2) {
        sine = 1 - sine * square / (n * (n + 1))
        cosine = 1 - cosine * square / (n * (n - 1))
    }
    return SIMD2(angle * sine, cosine)
}
