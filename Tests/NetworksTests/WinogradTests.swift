// SPDX-License-Identifier: MIT

import ComputeEngine
import Testing

@testable import Networks

/// With AVX-512 the engine convolves by Winograd's algorithm (Lavin and Gray, 2016), six values wide, where windows have
/// 3 × 3 places: fewer products, of numbers that are larger than the sums in between, so that more is rounded away.
@Suite("Rounding of the network's 3 × 3 layers", .timeLimit(.minutes(120)))
struct WinogradTests {
    static let layers = InceptionV1.layers.filter { $0.name == "conv2d2" || $0.name.hasSuffix("_3x3") }

    /// The sides of the layers' maps in the network.
    private static func side(of layer: Layer) -> Int {
        switch layer.name.prefix(6) {
        case "conv2d": 56
        case "mixed3": 28
        case "mixed4": 14
        default: 7
        }
    }

    /// The root mean square of the distance of the engine's output to float64's, as a share of that of the output.
    private func distance(of layer: Layer) throws -> Double {
        let weights = try NetworkWeights(seed: 10, batchNorm: false)
        let side = Self.side(of: layer)
        let window = try #require(layer.window)
        // What a ReLU leaves: half of the values are zero.
        let image = noise(named: layer.name, count: layer.inputChannels * side * side).map { max(0, $0) }
        let shape = MapShape(images: CompiledNetwork.batchSize, channels: layer.inputChannels, side: side)
        let source = try FloatBuffer(count: shape.count)
        let block = CPUEngine.channelBlock
        source.all.withMutableValues { values in
            for index in image.indices {
                let (channel, pixel) = (index / (side * side), index % (side * side))
                values[(channel / block * side * side + pixel) * block + channel % block] = image[index]
            }
        }
        let convolution = ConvolutionShape(shape, outputChannels: layer.neuronCount, window: window)
        let prepared = try PreparedLayer.convolution(
            convolution,
            weights: weights.weights(of: layer),
            bias: weights.biases(of: layer)
        )
        let destination = try FloatBuffer(count: convolution.output.count)
        let scratch = try FloatBuffer(count: prepared.scratchCount)
        try LayerBinder().bind(prepared, source: source.all, destination: destination.all, scratch: scratch.all).run()
        var actual = [Float](repeating: 0, count: layer.neuronCount * side * side)
        var span = actual.mutableSpan
        BlockedKernels.copyPlain(destination.all, convolution.output, image: 0, into: &span)
        let expected = SlowOperations.convolve(
            SlowNetwork.Maps(channels: layer.inputChannels, side: side, values: image.map { Double($0) }),
            weights.weights(of: layer).map { Double($0) },
            weights.biases(of: layer).map { Double($0) },
            SlowOperations.Geometry(side: 3, stride: 1, padding: 1, output: side)
        )
        .values
        func root(_ values: some Sequence<Double>) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        let differences = zip(actual, expected).map { Double($0) - $1 }
        return root(differences) / root(expected)
    }

    /// Measured: 6.1e-7 (conv2d2) to 1.02e-6 (mixed5b_3x3) by Winograd's algorithm, 3.1e-7 to 5.2e-7 by direct sums with
    /// AVX2: everywhere twice as much, one bit of 24, for less than half of the products.
    @Test("It stays within float32's last bits, a bit more with Winograd's algorithm", arguments: layers)
    func staysSmall(layer: Layer) throws {
        #expect(try distance(of: layer) <= (CPUEngine.instructionSet == "avx512" ? 1.5e-6 : 7.5e-7))
    }
}
