// SPDX-License-Identifier: MIT

import Testing

@testable import ComputeEngine
@testable import Networks

/// Values between −1 and 1 that repeat nowhere soon.
private func values(_ count: Int, step: Int) -> [Float] { (0..<count).map { Float($0 &* step % 1999) / 1000 - 1 } }

@Suite("The way back to the images in blocks of pixels", .timeLimit(.minutes(120)))
struct ImageBlocksTests {
    // Sides leave every remainder by four, and give from nine to sixteen columns of blocks of four pixels.
    @Test(
        "Blocks of either width give the gradient of the first layer's convolution",
        arguments: [2, 4],
        [33, 37, 40, 41, 42, 47, 64]
    )
    func agreesWithDefinition(width: Int, side: Int) throws {
        CPUEngine.useOneThread()
        let images = ImageBlocks(side: side, width: width)
        let behind = MapShape(images: 2, channels: 16, side: side / 2)
        let weights = values(behind.channels * 3 * 49, step: 7919)
        let windows = GradientFilters.imageBlockWindows(images)
        let shape = ConvolutionShape(
            behind,
            outputChannels: images.channels,
            window: windows.rows,
            columnWindow: windows.columns
        )
        #expect(shape.output == images.shape(images: 2))
        let layer = try PreparedLayer.convolution(
            shape,
            weights: GradientFilters.imageBlocks(weights, outputs: behind.channels, images),
            bias: nil
        )
        #expect(!layer.implementation.contains("ref"))
        let source = try FloatBuffer(copying: values(behind.count, step: 104_729))
        let destination = try FloatBuffer(count: shape.output.count)
        let scratch = try FloatBuffer(count: layer.scratchCount)
        try LayerBinder().bind(layer, source: source.all, destination: destination.all, scratch: scratch.all).run()

        for image in 0..<2 {
            var plain = [Float](repeating: .nan, count: behind.channels * behind.side * behind.side)
            var gradient = [Float](repeating: .nan, count: 3 * side * side)
            var read = plain.mutableSpan
            BlockedKernels.copyPlain(source.all, behind, image: image, into: &read)
            var written = gradient.mutableSpan
            images.copyPlain(destination.all, shape.output, image: image, into: &written)
            let expected = SlowOperations.convolveBack(
                SlowNetwork.Maps(channels: behind.channels, side: behind.side, values: plain.map { Double($0) }),
                SlowNetwork.Maps(channels: 3, side: side, values: [Double](repeating: 0, count: 3 * side * side)),
                weights.map { Double($0) },
                SlowOperations.Geometry(side: 7, stride: 2, padding: 2, output: behind.side)
            )
            #expect(gradient.count == expected.values.count)
            // 256 products of up to one each, whose sums stay below 64 here; each addition rounds by 6e-8 of that.
            for (value, exact) in zip(gradient, expected.values) { #expect(abs(Double(value) - exact) <= 1e-3) }
        }
    }
}
