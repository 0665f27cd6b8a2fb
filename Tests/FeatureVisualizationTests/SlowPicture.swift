// SPDX-License-Identifier: MIT

import Foundation

@testable import FeatureVisualization

/// A picture of three colours in float64, whose operations are written for clarity, to check the fast code against.
struct SlowPicture {
    let side: Int
    var values: [Double]

    /// Makes a picture from a formula of channel, row and column.
    init(side: Int, _ value: (Int, Int, Int) -> Double) {
        self.side = side
        values = (0..<3 * side * side).map { value($0 / (side * side), $0 / side % side, $0 % side) }
    }

    /// A value; zero outside.
    subscript(channel: Int, row: Int, column: Int) -> Double {
        guard (0..<side).contains(row), (0..<side).contains(column) else { return 0 }
        return values[(channel * side + row) * side + column]
    }

    /// Bilinear interpolation between the four pixels around a position; pixels outside are zero.
    func sample(_ channel: Int, row: Double, column: Double) -> Double {
        let (top, left) = (Int(floor(row)), Int(floor(column)))
        let (down, right) = (row - floor(row), column - floor(column))
        return self[channel, top, left] * (1 - down) * (1 - right)
            + self[channel, top, left + 1] * (1 - down) * right
            + self[channel, top + 1, left] * down * (1 - right)
            + self[channel, top + 1, left + 1] * down * right
    }

    func padded(by width: Int, _ value: Double) -> SlowPicture {
        SlowPicture(side: side + 2 * width) { channel, row, column in
            let inside = width..<(width + side)
            guard inside.contains(row), inside.contains(column) else { return value }
            return self[channel, row - width, column - width]
        }
    }

    func cropped(row: Int, column: Int, to side: Int) -> SlowPicture {
        SlowPicture(side: side) { self[$0, $1 + row, $2 + column] }
    }

    /// Kornia 0.4.1's `warp_affine` with a matrix from source to destination pixels, of which the linear part is a rotation.
    ///
    /// Pixels are normalised from corner to corner, but sampled from edge to edge.
    func warped(_ cosine: Double, _ sine: Double, shift: (x: Double, y: Double)) -> SlowPicture {
        let n = Double(side)
        func normalized(_ pixel: Double) -> Double { 2 * pixel / (n - 1) - 1 }
        func pixel(_ position: Double) -> Double { (position + 1) * (n - 1) / 2 }
        return SlowPicture(side: side) { channel, row, column in
            let x = pixel((2 * Double(column) + 1) / n - 1) - shift.x
            let y = pixel((2 * Double(row) + 1) / n - 1) - shift.y
            // The inverse of a rotation is its transpose.
            let (sourceX, sourceY) = (normalized(cosine * x - sine * y), normalized(sine * x + cosine * y))
            return sample(channel, row: ((sourceY + 1) * n - 1) / 2, column: ((sourceX + 1) * n - 1) / 2)
        }
    }

    /// Kornia's rotation: R about the centre c, which is x ↦ R x + (c − R c).
    func korniaRotated(degrees: Int) -> SlowPicture {
        let angle = Double(degrees) * .pi / 180
        let center = Double(side - 1) / 2
        return warped(
            cos(angle),
            sin(angle),
            shift: (
                center - (cos(angle) + sin(angle)) * center,
                center - (cos(angle) - sin(angle)) * center
            )
        )
    }

    /// A rotation about the centre, sampled where each pixel comes from.
    func rotated(degrees: Int) -> SlowPicture {
        let angle = Double(degrees) * .pi / 180
        let center = Double(side - 1) / 2
        return SlowPicture(side: side) { channel, row, column in
            let (x, y) = (Double(column) - center, Double(row) - center)
            return sample(
                channel,
                row: center + sin(angle) * x + cos(angle) * y,
                column: center + cos(angle) * x - sin(angle) * y
            )
        }
    }

    /// PyTorch's bilinear scaling with aligned corners.
    func scaledBetweenCorners(to scaled: Int) -> SlowPicture {
        let ratio = Double(side - 1) / Double(scaled - 1)
        return SlowPicture(side: scaled) { sample($0, row: Double($1) * ratio, column: Double($2) * ratio) }
    }

    /// TensorFlow 1's bilinear scaling without aligned corners, where the last pixel goes on.
    func scaledFromOrigin(to scaled: Int) -> SlowPicture {
        let ratio = Double(side) / Double(scaled)
        return SlowPicture(side: scaled) { channel, row, column in
            sample(
                channel,
                row: min(Double(row) * ratio, Double(side - 1)),
                column: min(Double(column) * ratio, Double(side - 1))
            )
        }
    }

    /// The transforms of a step, as `reference` orders them, and then what the network is given.
    func networkInput(_ choices: TransformChoices, _ compatibility: Compatibility) -> SlowPicture {
        let padded = padded(by: 12, 0.5)
        let scale = 1 + Double(choices.scaleIndex - 5) / 50
        let seen: SlowPicture
        switch compatibility {
        case .lucent:
            let shifted = padded.warped(1, 0, shift: (Double(choices.firstJitter.x), Double(choices.firstJitter.y)))
            let scaled = shifted.scaledBetweenCorners(to: Int(ceil(scale * Double(shifted.side))))
            let border = max(0, Int(ceil(Double(shifted.side - scaled.side) / 2)))
            seen = scaled.padded(by: border, 0).korniaRotated(degrees: choices.degrees)
                .warped(1, 0, shift: (Double(choices.secondJitter.x), Double(choices.secondJitter.y)))
        case .lucid:
            let (first, second) = (choices.firstJitter, choices.secondJitter)
            let cropped = padded.cropped(row: first.y, column: first.x, to: padded.side - 8)
            let rotated = cropped.scaledFromOrigin(to: Int(Float(scale) * Float(cropped.side)))
                .rotated(degrees: choices.degrees)
            seen = rotated.cropped(row: second.y, column: second.x, to: rotated.side - 4)
        }
        return seen.asNetworkInput
    }

    var asNetworkInput: SlowPicture {
        SlowPicture(side: side) { self[$0, $1, $2] * 255 - 117 }
    }
}

extension SlowPicture {
    /// The colours of a spectrum of 3 × size × (size / 2 + 1) complex numbers.
    init(spectrum: [Double], size: Int) {
        let columns = size / 2 + 1
        let planes = (0..<3).map { plane in
            let start = plane * size * columns * 2
            return realInverse(Array(spectrum[start..<(start + size * columns * 2)]), size)
        }
        let matrix = [[0.26, 0.09, 0.02], [0.27, 0, -0.05], [0.27, -0.09, 0.03]]
        let greatest = sqrt(0.26 * 0.26 + 2 * 0.27 * 0.27)
        self.init(side: size) { channel, row, column in
            let sum = (0..<3).reduce(0) { $0 + matrix[channel][$1] / greatest * planes[$1][row * size + column] }
            return 1 / (1 + exp(-sum))
        }
    }
}

/// The orthonormal inverse transform of a scaled spectrum over 4, by the definition: rows' numbers first, then columns'.
private func realInverse(_ spectrum: [Double], _ size: Int) -> [Double] {
    let columns = size / 2 + 1
    let n = Double(size)
    let waves = (0..<size).map { (cos(2 * .pi * Double($0) / n), sin(2 * .pi * Double($0) / n)) }
    var halfway = [(Double, Double)](repeating: (0, 0), count: size * columns)
    for v in 0..<size {
        let fy = Double(v <= size / 2 ? v : v - size) / n
        for u in 0..<columns {
            let scale = 1 / max(sqrt(fy * fy + Double(u * u) / (n * n)), 1 / n)
            let (re, im) = (spectrum[(v * columns + u) * 2] * scale, spectrum[(v * columns + u) * 2 + 1] * scale)
            for y in 0..<size {
                let (c, s) = waves[v * y % size]
                halfway[y * columns + u].0 += re * c - im * s
                halfway[y * columns + u].1 += re * s + im * c
            }
        }
    }
    return (0..<size * size).map { index in
        let (y, x) = (index / size, index % size)
        let sum = (0..<columns).reduce(0.0) { sum, u in
            let (c, s) = waves[u * x % size]
            let isOwnMirror = u == 0 || 2 * u == size
            return sum + (isOwnMirror ? 1 : 2)
                * (halfway[y * columns + u].0 * c - (isOwnMirror ? 0 : halfway[y * columns + u].1 * s))
        }
        return sum / n / 4
    }
}
