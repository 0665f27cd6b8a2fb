// SPDX-License-Identifier: MIT

private import CVectors

/// One step of the optimiser Adam (Kingma and Ba 2015) with β = (0.9, 0.999) and ε = 1e-8.
public struct AdamStep: Sendable {
    /// Where ε stands, which decides what happens to values with tiny gradients.
    public enum Form: Sendable {
        /// PyTorch's: it is added to the corrected root, m̂ / (√v̂ + ε).
        case correctedRoot
        /// TensorFlow's: it is added to the raw root, and the correction goes into the rate.
        case rawRoot
    }

    private static let decays = (first: 0.9, second: 0.999)
    private static let epsilon: Float = 1e-8

    private let rate: Float
    private let rootScale: Float

    /// Prepares a step, which is counted from 1.
    public init(_ step: Int, rate: Double, form: Form) {
        precondition(step >= 1, "steps are counted from 1")
        let first = 1 - power(Self.decays.first, step)
        let root = (1 - power(Self.decays.second, step)).squareRoot()
        switch form {
        case .correctedRoot:
            self.rate = Float(rate / first)
            rootScale = Float(root)
        case .rawRoot:
            self.rate = Float(rate * root / first)
            rootScale = 1
        }
    }

    /// Moves values against their gradient, and updates both moments.
    ///
    /// All regions have one size, a multiple of 8, and do not overlap.
    public func apply(gradient: FloatRegion, to values: FloatRegion, first: FloatRegion, second: FloatRegion) {
        let count = values.count
        precondition(count % 8 == 0, "regions hold whole vectors")
        precondition(
            gradient.count == count && first.count == count && second.count == count,
            "a gradient and two moments for each value"
        )
        let gradient = unsafe UnsafeRawPointer(gradient.pointer)
        let values = unsafe UnsafeMutableRawPointer(values.pointer)
        let first = unsafe UnsafeMutableRawPointer(first.pointer)
        let second = unsafe UnsafeMutableRawPointer(second.pointer)
        let gains = (first: Float(1 - Self.decays.first), second: Float(1 - Self.decays.second))
        let decay = Float(Self.decays.second)
        for offset in stride(from: 0, to: count * 4, by: 32) {
            let g = unsafe gradient.loadUnaligned(fromByteOffset: offset, as: SIMD8<Float>.self)
            var m = unsafe first.loadUnaligned(fromByteOffset: offset, as: SIMD8<Float>.self)
            var v = unsafe second.loadUnaligned(fromByteOffset: offset, as: SIMD8<Float>.self)
            var x = unsafe values.loadUnaligned(fromByteOffset: offset, as: SIMD8<Float>.self)
            m += (g - m) * gains.first
            v = v * decay + gains.second * g * g
            let root = SIMD8(lowHalf: lucid_square_roots(v.lowHalf), highHalf: lucid_square_roots(v.highHalf))
            x -= (rate * m) / (root / rootScale + Self.epsilon)
            unsafe first.storeBytes(of: m, toByteOffset: offset, as: SIMD8<Float>.self)
            unsafe second.storeBytes(of: v, toByteOffset: offset, as: SIMD8<Float>.self)
            unsafe values.storeBytes(of: x, toByteOffset: offset, as: SIMD8<Float>.self)
        }
    }
}

/// A power by repeated squaring, the same on every machine.
private func power(_ base: Double, _ exponent: Int) -> Double {
    var (result, square, rest) = (1.0, base, exponent)
    while rest > 0 {
        if rest & 1 == 1 { result *= square }
        square *= square
        rest >>= 1
    }
    return result
}
