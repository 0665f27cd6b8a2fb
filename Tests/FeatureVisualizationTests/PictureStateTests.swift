// SPDX-License-Identifier: MIT

import Testing

@testable import FeatureVisualization

@Suite("A picture that is being made", .timeLimit(.minutes(120)))
struct PictureStateTests {
    struct Case: CustomTestStringConvertible {
        let compatibility: Compatibility
        let transforms: TransformSet
        let size: Int

        var testDescription: String { "\(compatibility), \(transforms), \(size)" }

        var schedule: TransformSchedule {
            TransformSchedule(
                seed: 4,
                layer: "mixed4a_3x3",
                size: size,
                compatibility: compatibility,
                transforms: transforms
            )
        }

        func picture(neuron: Int = 7, variant: Int = 0) -> PictureIdentity {
            PictureIdentity(seed: 4, layer: "mixed4a_3x3", neuron: neuron, variant: variant)
        }
    }

    private static let cases = [
        Case(compatibility: .lucent, transforms: .standard, size: 32),
        Case(compatibility: .lucent, transforms: .standard, size: 37),
        Case(compatibility: .lucid, transforms: .standard, size: 32),
        Case(compatibility: .lucid, transforms: .standard, size: 37),
        Case(compatibility: .lucent, transforms: .none, size: 33),
        Case(compatibility: .lucid, transforms: .none, size: 34),
    ]

    /// A spectrum large enough for colours of all kinds, without what fills planes up.
    private func write(_ spectrum: [Float], to state: PictureState, _ scale: SpectrumScale) {
        var filled = [Float](repeating: 0, count: scale.count)
        for (index, value) in spectrum.enumerated() {
            filled[index / scale.planeCount * scale.planeStride + index % scale.planeCount] = value
        }
        state.spectrum.write(filled)
    }

    private func slowInput(_ spectrum: [Double], _ item: Case, step: Int) -> SlowPicture {
        let colors = SlowPicture(spectrum: spectrum, size: item.size)
        switch item.transforms {
        case .none: return colors.asNetworkInput
        case .standard:
            let choices = item.schedule.choices(for: item.picture(), step: step)
            return colors.networkInput(choices, item.compatibility)
        }
    }

    private func input(
        _ state: PictureState,
        step: Int,
        _ schedule: TransformSchedule,
        _ workspace: PictureWorkspace
    ) -> [Float] {
        var input = [Float](repeating: 0, count: 3 * schedule.side(at: step) * schedule.side(at: step))
        var span = input.mutableSpan
        state.writeInput(step: step, into: &span, using: workspace)
        return input
    }

    @Test("The network's input and the spectrum's gradient are slow float64 code's", arguments: cases, [1, 2, 7])
    func agreesWithSlowCode(item: Case, step: Int) throws {
        let schedule = item.schedule
        let workspace = try PictureWorkspace(for: schedule)
        let state = try PictureState(item.picture(), schedule)
        let scale = SpectrumScale(size: item.size)
        let spectrum = cotangent("spectrum", count: 3 * scale.planeCount)
        write(spectrum, to: state, scale)
        let fast = input(state, step: step, schedule, workspace)
        let exact = spectrum.map { Double($0) }
        let slow = slowInput(exact, item, step: step)
        try #require(fast.count == slow.values.count)
        // Of 255, in float32 with positions in between exact to 2⁻²⁴.
        #expect(zip(fast, slow.values).allSatisfy { abs(Double($0) - $1) <= 3e-4 })

        let weights = cotangent("loss", count: fast.count)
        #expect(state.descends(step: step, along: weights, using: workspace))
        func loss(_ index: Int, _ change: Double) -> Double {
            var changed = exact
            changed[index] += change
            return zip(slowInput(changed, item, step: step).values, weights).reduce(0) { $0 + $1.0 * Double($1.1) }
        }
        let gradient = workspace.spectrum.array
        let greatest = Double(gradient.map { abs($0) }.max() ?? 0)
        let middle = scale.planeCount / 2
        for index in [0, 2, 2 * scale.columns - 2, 2 * scale.columns + 3, scale.planeCount + middle, exact.count - 1] {
            let difference = (loss(index, 1e-4) - loss(index, -1e-4)) / 2e-4
            let place = index / scale.planeCount * scale.planeStride + index % scale.planeCount
            // Central differences err by their step's square, about 1e-8 of third derivatives.
            #expect(abs(Double(gradient[place]) - difference) <= 1e-5 * greatest, "at \(index)")
        }
    }

    @Test("Adam moves every value as its form says", arguments: [Compatibility.lucent, .lucid])
    func followsAdam(compatibility: Compatibility) throws {
        let item = Case(compatibility: compatibility, transforms: .none, size: 32)
        let workspace = try PictureWorkspace(for: item.schedule)
        let state = try PictureState(item.picture(), item.schedule)
        let index = 12
        var (x, m, v) = (Double(state.spectrum.array[index]), 0.0, 0.0)
        for step in 1...5 {
            let count = input(state, step: step, item.schedule, workspace).count
            // Gradients of about ε, where both forms differ.
            let gradient = cotangent("gradient \(step)", count: count).map { $0 * 1e-10 }
            #expect(state.descends(step: step, along: gradient, using: workspace))
            let g = Double(workspace.spectrum.array[index])
            m = 0.9 * m + 0.1 * g
            v = 0.999 * v + 0.001 * g * g
            var (first, second) = (1.0, 1.0)
            for _ in 1...step { (first, second) = (first * 0.9, second * 0.999) }
            switch compatibility {
            case .lucent: x -= 0.05 * (m / (1 - first)) / ((v / (1 - second)).squareRoot() + 1e-8)
            case .lucid: x -= 0.05 * (1 - second).squareRoot() / (1 - first) * m / (v.squareRoot() + 1e-8)
            }
            #expect(abs(Double(state.spectrum.array[index]) - x) <= 1e-6)
        }
    }

    @Test("A gradient that is not finite changes nothing", arguments: [Float.nan, .infinity, -.infinity])
    func refusesInfinity(value: Float) throws {
        for item in Self.cases {
            let workspace = try PictureWorkspace(for: item.schedule)
            let state = try PictureState(item.picture(), item.schedule)
            let other = try PictureState(item.picture(), item.schedule)
            let count = input(state, step: 1, item.schedule, workspace).count
            let gradient = cotangent("gradient", count: count)
            let before = state.spectrum.array
            for place in [0, 1, count / 2, count - 1] {
                var broken = gradient
                broken[place] = value
                #expect(!state.descends(step: 1, along: broken, using: workspace))
                #expect(state.spectrum.array == before)
            }
            // Finite, but beyond float32 on its way, or where Adam squares it: a picture would stand still ever after.
            for size in [Float(3e38), 1e24] {
                let large = [Float](repeating: size, count: count)
                #expect(!state.descends(step: 1, along: large, using: workspace))
                #expect(state.spectrum.array == before)
            }
            #expect(state.descends(step: 1, along: gradient, using: workspace))
            _ = input(other, step: 1, item.schedule, workspace)
            #expect(other.descends(step: 1, along: gradient, using: workspace))
            #expect(state.spectrum.array == other.spectrum.array)
            #expect(state.spectrum.array != before)
        }
    }

    @Test("A picture does not depend on those beside it", arguments: cases)
    func isIndependent(item: Case) throws {
        func picture(among neurons: [Int], _ workspace: PictureWorkspace) throws -> [Float] {
            let states = try neurons.map { try PictureState(item.picture(neuron: $0), item.schedule) }
            for step in 1...4 {
                let inputs = states.map { input($0, step: step, item.schedule, workspace) }
                for (state, input) in zip(states, inputs) {
                    let gradient = input.map { $0 * 1e-3 }
                    #expect(state.descends(step: step, along: gradient, using: workspace))
                }
            }
            let index = try #require(neurons.firstIndex(of: 7))
            return states[index].spectrum.array
        }
        let workspace = try PictureWorkspace(for: item.schedule)
        let alone = try picture(among: [7], workspace)
        #expect(try picture(among: [3, 9, 7, 1], workspace) == alone)
        #expect(try picture(among: [7, 8], PictureWorkspace(for: item.schedule)) == alone)
    }

    @Test("Pictures start from Gaussian noise of their own")
    func startsFromNoise() throws {
        let item = Self.cases[0]
        let scale = SpectrumScale(size: item.size)
        let starts = try [(7, 0), (8, 0), (7, 1)].map { neuron, variant in
            try PictureState(item.picture(neuron: neuron, variant: variant), item.schedule).spectrum.array
        }
        #expect(starts[0] != starts[1] && starts[0] != starts[2])
        let draws = item.picture().draws(for: .spectrum, step: 0)
        let last = 3 * item.size * scale.columns - 1
        #expect(starts[0][0] == Float(draws.gaussians(0)[0] * 0.01))
        #expect(starts[0][2 * scale.planeStride + scale.planeCount - 1] == Float(draws.gaussians(last)[1] * 0.01))
        let mean = starts[0].reduce(0.0) { $0 + Double($1) * Double($1) } / Double(3 * scale.planeCount)
        #expect(abs(mean.squareRoot() - 0.01) < 5e-4)
    }

    @Test("Bytes are colours with their fractions cut off", arguments: [33, 34])
    func cutsFractions(size: Int) throws {
        let item = Case(compatibility: .lucent, transforms: .standard, size: size)
        let workspace = try PictureWorkspace(for: item.schedule)
        let state = try PictureState(item.picture(), item.schedule)
        let scale = SpectrumScale(size: size)
        write(cotangent("spectrum", count: 3 * scale.planeCount), to: state, scale)
        let bytes = state.pixels(using: workspace)
        let colors = workspace.picture.planes
        let area = size * size
        #expect(bytes == (0..<3 * area).map { UInt8(colors[$0 % 3 * area + $0 / 3] * 255) })
        #expect(Set(bytes).count > 100)
    }

    @Test("The memory that is announced is that of three spectra and a picture")
    func announcesMemory() {
        let schedule = TransformSchedule(
            seed: 1,
            layer: "any",
            size: 224,
            compatibility: .lucent,
            transforms: .standard
        )
        #expect(PictureState.byteCount(for: schedule) == (3 * 3 * 224 * 113 * 2 + 3 * 224 * 224) * 4)
        #expect(PictureWorkspace.byteCount(for: schedule) < 6 << 20)
    }
}
