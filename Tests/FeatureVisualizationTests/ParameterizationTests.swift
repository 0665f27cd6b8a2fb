// SPDX-License-Identifier: MIT

import ComputeEngine
import Foundation
import Testing

@testable import FeatureVisualization

@Suite("From a spectrum to colours, and back", .timeLimit(.minutes(120)))
struct ParameterizationTests {
    private static let schedule = TransformSchedule(
        seed: 1,
        layer: "any",
        size: 224,
        compatibility: .lucent,
        transforms: .none
    )

    @Test("A picture has the reference's colours, and its spectrum the reference's gradient")
    func agreesWithTheReference() throws {
        let workspace = try PictureWorkspace(for: Self.schedule)
        let identity = PictureIdentity(seed: 1, layer: "any", neuron: 0, variant: 0)
        let state = try PictureState(identity, Self.schedule)
        state.spectrum.write(Golden.spectrum)
        var input = [Float](repeating: 0, count: 3 * 224 * 224)
        var span = input.mutableSpan
        state.writeInput(step: 1, into: &span, using: workspace)
        let image = try Golden.named("image")
        let colors = workspace.picture.planes
        // A few units in the last place of numbers about 0.5.
        #expect(try image.distance(from: colors) <= 3e-7)
        #expect(image.differenceOfMeanSquares(from: colors) < 1e-6)
        #expect(zip(colors, input).allSatisfy { $0 * 255 - 117 == $1 })

        let gradient = cotangent("cotangent", count: input.count).map { $0 / 255 }
        #expect(state.descends(step: 1, along: gradient, using: workspace))
        let golden = try Golden.named("spectrum-gradient")
        let computed = workspace.spectrum.array
        // The greatest are 27; float32 sums of 50,000 terms.
        #expect(try golden.distance(from: computed) <= 2e-5)
        #expect(golden.differenceOfMeanSquares(from: computed) < 1e-5)
    }

    @Test("Adam replays the reference's ten steps from its gradients")
    func replaysAdam() throws {
        let count = try Golden.named("step10-spectrum").count
        let filled = (count + 7) / 8 * 8
        let values = try FloatBuffer(count: filled).all
        let first = try FloatBuffer(count: filled).all
        let second = try FloatBuffer(count: filled).all
        let gradient = try FloatBuffer(count: filled).all
        let step = try Golden.named("step10-spectrum").step
        values.write(stride(from: 0, to: Golden.spectrum.count, by: step).map { Golden.spectrum[$0] })
        for number in 1...10 {
            gradient.write(try Golden.named("step\(number)-gradient").values)
            AdamStep(number, rate: PictureState.rate, form: .correctedRoot)
                .apply(gradient: gradient, to: values, first: first, second: second)
            guard number == 1 || number == 10 else { continue }
            let golden = try Golden.named("step\(number)-spectrum").values
            let distance = zip(golden, values.array).map { abs($0 - $1) }.max()
            // The reference's own order of operations, so that only a compiler's fused ones may differ.
            #expect(try #require(distance) <= 1e-6)
        }
    }

    @Test("The logistic function is exact to float32, and stays between 0 and 1 far outside")
    func computesSigmoids() {
        for index in -40_000...40_000 {
            let x = Float(index) / 1_000
            let exact = 1 / (1 + exp(-Double(x)))
            let value = Double(sigmoid(SIMD8(repeating: x))[0])
            #expect(abs(value - exact) <= 3e-7 * exact, "at \(x)")
        }
        for x in [-1e30, -200, -88, 88, 200, 1e30] as [Float] {
            let value = sigmoid(SIMD8(repeating: x))[0]
            #expect(value >= 0 && value <= 1)
            #expect(x < 0 ? value < 1e-37 : value == 1)
        }
    }

    @Test("Four pixels are transposed and back", arguments: [4, 5, 7, 8, 33])
    func packsPixels(side: Int) throws {
        let pixels = try TestGrid(planes: cotangent("pixels", count: 3 * side * side), side: side)
        var planes = [Float](repeating: 0, count: 3 * side * side)
        var span = planes.mutableSpan
        writeNetworkInput(pixels.grid, into: &span)
        #expect(planes == pixels.grid.planes.map { $0 * 255 - 117 })
        let back = try TestGrid(side: side)
        let isFinite = readInputGradient(planes.span, into: back.grid)
        #expect(isFinite)
        #expect(back.grid.planes == planes.map { $0 * 255 })
    }
}
