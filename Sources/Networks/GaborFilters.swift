// SPDX-License-Identifier: MIT

private import Glibc

/// Filters of the first layer that see edges, each passed on by the second, so that pictures of a network made by formula
/// show something.
///
/// The mean of a wave's raw response is next to nothing whatever the image; behind ReLU, which comes between the two
/// layers, it tells how much of the wave there is. So it is the second layer's pictures that show stripes.
///
/// Neuron n sees waves in the direction of n mod 8 eighths of a half turn, of even (0) or odd (1) phase (n / 8 mod 2), of
/// 3.5 or 6 pixels (n / 16 mod 2), in brightness or, from n = 32 on, in colour: red against green where the direction is
/// even, blue against yellow where it is odd. (Gabor, 1946; Daugman, 1985.)
enum GaborFilters {
    /// The first layer's weights and biases.
    static let tensors: [String: [Float]] = [
        "conv2d0_pre_relu_conv.weight": (0..<64).flatMap { filter($0) },
        "conv2d0_pre_relu_conv.bias": [Float](repeating: 0, count: 64),
        "conv2d1_pre_relu_conv.weight": (0..<64 * 64).map { $0 / 64 == $0 % 64 ? Float(power.squareRoot()) : 0 },
        "conv2d1_pre_relu_conv.bias": [Float](repeating: 0, count: 64),
    ]

    /// The sum of a filter's squares, which is that of a random filter on average.
    private static let power = 2.0

    private static func filter(_ neuron: Int) -> [Float] {
        let angle = Double(neuron % 8) * .pi / 8
        let phase = Double(neuron / 8 % 2) * .pi / 2
        let wavelength = neuron / 16 % 2 == 0 ? 3.5 : 6.0
        let wave = (0..<49).map { place in
            let (x, y) = (Double(place % 7 - 3), Double(place / 7 - 3))
            let along = x * cos(angle) + y * sin(angle)
            return exp(-(x * x + y * y) / 8) * cos(2 * .pi * along / wavelength + phase)
        }
        // What is even all over sees nothing.
        let mean = wave.reduce(0, +) / 49
        let colors = neuron < 32 ? [1.0, 1, 1] : neuron % 2 == 0 ? [1.0, -1, 0] : [-0.5, -0.5, 1]
        let values = colors.flatMap { color in wave.map { color * ($0 - mean) } }
        let scale = (power / values.reduce(0) { $0 + $1 * $1 }).squareRoot()
        return values.map { Float($0 * scale) }
    }
}
