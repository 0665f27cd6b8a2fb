// SPDX-License-Identifier: MIT

import ComputeEngine
import Testing

@testable import FeatureVisualization

@Suite("Transforms against the reference", .timeLimit(.minutes(120)))
struct TransformTests {
    /// The reference rounds its coordinates to float32; it is off by up to 4.2e-5 from float64 itself.
    private static let tolerance: Float = 6e-5

    private func paddedPicture() throws -> TestGrid {
        try TestGrid(planes: Golden.picture, side: 224, padding: 12, value: 0.5)
    }

    private func resampled(_ source: PixelGrid, rows: AxisMap, columns: AxisMap) throws -> [Float] {
        let output = try TestGrid(side: rows.outputCount)
        let line = try FloatBuffer(count: 4 * source.side).all
        resample(source, rows: AxisTaps(rows), columns: AxisTaps(columns), into: output.grid, line: line)
        return output.grid.planes
    }

    @Test("A shift is kornia's", arguments: [(0, 0), (7, 0), (0, 3), (3, 5)])
    func shifts(x: Int, y: Int) throws {
        let source = try paddedPicture()
        let output = try resampled(
            source.grid,
            rows: .translation(of: 248, by: y),
            columns: .translation(of: 248, by: x)
        )
        let golden = try Golden.named("jitter_\(x)_\(y)")
        #expect(try golden.distance(from: output) <= Self.tolerance)
        #expect(golden.differenceOfMeanSquares(from: output) < 1e-4)
    }

    @Test("A change of scale is PyTorch's, with black around what is smaller", arguments: [0, 1, 4, 5, 6, 10])
    func scales(index: Int) throws {
        let source = try paddedPicture()
        let geometry = TransformGeometry(size: 224, compatibility: .lucent, scaleIndex: index)
        let map = AxisMap.scalingBetweenCorners(
            from: 248,
            to: geometry.scaledSide,
            padding: geometry.scalePadding
        )
        let output = try resampled(source.grid, rows: map, columns: map)
        let golden = try Golden.named("scale_\(index)")
        #expect(try golden.distance(from: output) <= Self.tolerance)
        #expect(golden.differenceOfMeanSquares(from: output) < 1e-4)
    }

    @Test("A rotation is kornia's", arguments: [-10, -3, 0, 1, 10])
    func rotates(degrees: Int) throws {
        let framed = try TestGrid(side: 248 + 2 * Rotation.margin)
        framed.grid.inset(by: Rotation.margin).write(try paddedPicture().grid.planes)
        let output = try TestGrid(side: 248)
        Rotation(side: 248, degrees: degrees).apply(framed.grid, into: output.grid)
        let golden = try Golden.named("rotate_\(degrees)")
        #expect(try golden.distance(from: output.grid.planes) <= Self.tolerance)
        #expect(golden.differenceOfMeanSquares(from: output.grid.planes) < 1e-4)
    }

    struct Chain: CustomTestStringConvertible {
        let number: Int
        let choices: TransformChoices
        let side: Int

        var testDescription: String { "chain \(number)" }

        init(_ number: Int, _ first: (Int, Int), scale: Int, _ degrees: Int, _ second: (Int, Int), side: Int) {
            self.number = number
            choices = TransformChoices(firstJitter: first, scaleIndex: scale, degrees: degrees, secondJitter: second)
            self.side = side
        }
    }

    private static let chains = [
        Chain(0, (3, 5), scale: 2, -7, (1, 2), side: 248), Chain(1, (7, 7), scale: 10, 10, (3, 0), side: 273),
        Chain(2, (0, 1), scale: 5, 0, (0, 0), side: 248), Chain(3, (6, 2), scale: 1, 4, (2, 3), side: 249),
    ]

    @Test("A whole chain is the reference's, and so is its gradient", arguments: chains)
    func composes(chain: Chain) throws {
        let schedule = TransformSchedule(
            seed: 1,
            layer: "any",
            size: 224,
            compatibility: .lucent,
            transforms: .standard
        )
        let workspace = try PictureWorkspace(for: schedule)
        workspace.picture.write(Golden.picture)
        let path = TransformPath(chain.choices, schedule)
        var input = [Float](repeating: 0, count: 3 * chain.side * chain.side)
        var span = input.mutableSpan
        writeNetworkInput(path.transform(in: workspace), into: &span)
        let output = try Golden.named("chain_\(chain.number)-out")
        // Of 255: the reference's own distance from float64.
        #expect(try output.distance(from: input) <= 0.022)
        #expect(output.differenceOfMeanSquares(from: input) < 1e-4)

        let seed = cotangent("chain_cot_\(chain.side)", count: input.count)
        let isFinite = readInputGradient(seed.span, into: path.gradientStart(in: workspace))
        #expect(isFinite)
        let gradient = path.transformGradient(in: workspace).planes
        let golden = try Golden.named("chain_\(chain.number)-grad")
        // As for the output, the weights of 255 times ±1 are rounded in the reference.
        // The reference's own distance from float64: neighbouring gradients differ by up to 510.
        #expect(try golden.distance(from: gradient) <= 0.04)
        #expect(golden.differenceOfMeanSquares(from: gradient) < 1e-4)
    }

    @Test(
        "A gradient's way back is the exact transpose of the way there",
        arguments: [Compatibility.lucent, .lucid],
        [(224, 0), (33, 3), (64, 10), (97, 1)]
    )
    func transposes(compatibility: Compatibility, size: (side: Int, scale: Int)) throws {
        let schedule = TransformSchedule(
            seed: 1,
            layer: "any",
            size: size.side,
            compatibility: compatibility,
            transforms: .standard
        )
        let choices = TransformChoices(
            firstJitter: (6, 1),
            scaleIndex: size.scale,
            degrees: 8 - size.scale,
            secondJitter: (1, 3)
        )
        let path = TransformPath(choices, schedule)
        let workspace = try PictureWorkspace(for: schedule)
        // Without the grey border the way there is linear.
        workspace.padded.fill(with: .zero)
        let x = try TestGrid(planes: cotangent("x", count: 3 * size.side * size.side), side: size.side)
        workspace.picture.write(x.grid.planes)
        let side = schedule.geometry(scale: size.scale).finalSide
        let y = try TestGrid(planes: cotangent("y", count: 3 * side * side), side: side)
        let there = path.transform(in: workspace).product(with: y.grid)
        path.gradientStart(in: workspace).write(y.grid.planes)
        let back = path.transformGradient(in: workspace).product(with: x.grid)
        // Sums of as many products of numbers below 1, each rounded to float32.
        let scale = Double(3 * side * side).squareRoot()
        #expect(abs(there - back) <= 1e-5 * scale)
        #expect(abs(there) > 1e-2)
    }
}
