// SPDX-License-Identifier: MIT

import Testing

@testable import FeatureVisualization

@Suite("The schedule of transforms", .timeLimit(.minutes(120)))
struct TransformScheduleTests {
    private func schedule(
        _ compatibility: Compatibility,
        size: Int = 224,
        transforms: TransformSet = .standard,
        seed: UInt64 = 9,
        layer: String = "mixed5a_5x5"
    ) -> TransformSchedule {
        TransformSchedule(
            seed: seed,
            layer: layer,
            size: size,
            compatibility: compatibility,
            transforms: transforms
        )
    }

    @Test("lucent's sizes at 224 are those of the reference")
    func hasTheReferencesSizes() {
        let schedule = schedule(.lucent)
        let sides = (0...10).map { schedule.geometry(scale: $0).finalSide }
        #expect(sides == [248, 249, 248, 249, 248, 248, 253, 258, 263, 268, 273])
        #expect(schedule.sides == [248, 249, 253, 258, 263, 268, 273])
    }

    @Test("lucid's sizes at 224 are those of float32 products, cut off, less the last crop")
    func hasLucidsSizes() {
        let schedule = schedule(.lucid)
        #expect(
            (0...10).map { schedule.geometry(scale: $0).scaledSide }
                == [216, 220, 225, 230, 235, 240, 244, 249, 254, 259, 264]
        )
        #expect(schedule.sides == [212, 216, 221, 226, 231, 236, 240, 245, 250, 255, 260])
    }

    @Test("Without transforms the network sees the picture's own size")
    func keepsTheSize() {
        let schedule = schedule(.lucent, size: 97, transforms: .none)
        #expect(schedule.sides == [97])
        #expect(schedule.side(at: 5) == 97)
    }

    @Test("Each step's side is one of those announced", arguments: [Compatibility.lucent, .lucid], [32, 33, 224, 501])
    func announcesSides(compatibility: Compatibility, size: Int) {
        let schedule = schedule(compatibility, size: size)
        let met = Set((1...400).map { schedule.side(at: $0) })
        #expect(met.sorted() == schedule.sides)
    }

    @Test("The scale is the layer's, the rest each picture's own")
    func sharesTheScale() {
        let schedule = schedule(.lucent)
        var differing = 0
        for step in 1...50 {
            let all = (0..<8).map { neuron in
                schedule.choices(
                    for: PictureIdentity(seed: 9, layer: "mixed5a_5x5", neuron: neuron, variant: 0),
                    step: step
                )
            }
            #expect(Set(all.map(\.scaleIndex)).count == 1)
            differing += Set(all.map { "\($0.firstJitter) \($0.degrees) \($0.secondJitter)" }).count
        }
        #expect(differing > 390)
    }

    @Test("Choices stay what they are: they are a format")
    func staysTheSame() {
        let picture = PictureIdentity(seed: 9, layer: "mixed5a_5x5", neuron: 3, variant: 1)
        let choices = [1, 512].map { schedule(.lucent).choices(for: picture, step: $0) }
        #expect(choices.map { [$0.firstJitter.x, $0.firstJitter.y] } == [[0, 5], [6, 3]])
        #expect(choices.map { [$0.scaleIndex, $0.degrees] } == [[4, -5], [10, -4]])
        #expect(choices.map { [$0.secondJitter.x, $0.secondJitter.y] } == [[1, 1], [1, 1]])
    }

    @Test("Other layers and other seeds have other scales")
    func scalesDiffer() {
        func scales(_ schedule: TransformSchedule) -> [Int] { (1...30).map { schedule.scaleIndex(at: $0) } }
        let here = scales(schedule(.lucent))
        #expect(here != scales(schedule(.lucent, layer: "mixed5a_3x3")))
        #expect(here != scales(schedule(.lucent, seed: 10)))
        #expect(here == scales(schedule(.lucid, size: 64)))
    }

    @Test("Choices cover exactly their ranges, and no rotation is six times as likely as another angle")
    func coversRanges() {
        for (compatibility, first, second) in [(Compatibility.lucent, 7, 3), (.lucid, 8, 4)] {
            let schedule = schedule(compatibility)
            let picture = PictureIdentity(seed: 9, layer: "mixed5a_5x5", neuron: 0, variant: 1)
            let all = (1...6_000).map { schedule.choices(for: picture, step: $0) }
            #expect(Set(all.map(\.firstJitter.x)) == Set(0...first))
            #expect(Set(all.map(\.firstJitter.y)) == Set(0...first))
            #expect(Set(all.map(\.secondJitter.x)) == Set(0...second))
            #expect(Set(all.map(\.secondJitter.y)) == Set(0...second))
            #expect(Set(all.map(\.scaleIndex)) == Set(0...10))
            #expect(Set(all.map(\.degrees)) == Set(-10...10))
            // 6,000 · 6 / 26 = 1,385 with a standard deviation of 33.
            #expect(abs(all.count { $0.degrees == 0 } - 1385) < 165)
        }
    }
}
