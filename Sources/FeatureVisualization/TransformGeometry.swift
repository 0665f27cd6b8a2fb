// SPDX-License-Identifier: MIT

/// The sizes that a picture has between its transforms, and how each axis is resampled.
///
/// Padding, shifts and scaling act on rows and columns apart from each other, so what comes before the rotation is one
/// map of each axis, and what comes after it another.
struct TransformGeometry {
    /// The factors of scale, as Python's `1 + (i - 5) / 50` gives them.
    static let scales = (0...10).map { 1 + Double($0 - 5) / 50 }
    /// The width of the grey border on each side.
    static let padding = 12
    /// The colour of that border.
    static let paddingValue: Float = 0.5

    let size: Int
    let compatibility: Compatibility
    let scaleIndex: Int

    /// The side with the grey border.
    var paddedSide: Int { size + 2 * Self.padding }

    /// The side after the first jitter: lucid's cuts eight pixels off.
    var jitteredSide: Int { compatibility == .lucent ? paddedSide : paddedSide - 8 }

    /// The side after scaling.
    var scaledSide: Int {
        switch compatibility {
        case .lucent:
            let exact = Self.scales[scaleIndex] * Double(jitteredSide)
            return Double(Int(exact)) < exact ? Int(exact) + 1 : Int(exact)
        case .lucid:
            // In float32, as TensorFlow computes it.
            return Int(Float(Self.scales[scaleIndex]) * Float(jitteredSide))
        }
    }

    /// The black pixels that lucent adds on each side of what has become smaller.
    var scalePadding: Int {
        compatibility == .lucent ? max(0, (jitteredSide - scaledSide + 1) / 2) : 0
    }

    /// The side of what is rotated.
    var rotatedSide: Int { scaledSide + 2 * scalePadding }

    /// The side of the network's input: lucid's second jitter cuts four pixels off.
    var finalSide: Int { compatibility == .lucent ? rotatedSide : rotatedSide - 4 }

    /// From the padded picture's axis to that of what is rotated.
    func mapBeforeRotation(jitter: Int) -> AxisMap {
        let scaling: AxisMap
        let shift: AxisMap
        switch compatibility {
        case .lucent:
            shift = .translation(of: paddedSide, by: jitter)
            scaling = .scalingBetweenCorners(from: jitteredSide, to: scaledSide, padding: scalePadding)
        case .lucid:
            shift = .crop(of: paddedSide, from: jitter, count: jitteredSide)
            scaling = .scalingFromOrigin(from: jitteredSide, to: scaledSide)
        }
        return scaling.after(shift)
    }

    /// From the axis of what is rotated to that of the network's input.
    func mapAfterRotation(jitter: Int) -> AxisMap {
        switch compatibility {
        case .lucent: .translation(of: rotatedSide, by: jitter)
        case .lucid: .crop(of: rotatedSide, from: jitter, count: finalSide)
        }
    }
}
