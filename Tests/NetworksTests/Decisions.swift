// SPDX-License-Identifier: MIT

import ComputeEngine

@testable import Networks

/// What an instance decided for the first image of its batch, in the slow network's terms.
struct Decisions {
    private var negative: [String: [Bool]] = [:]
    /// In the order in which the poolings run.
    private var places: [[Int]] = []

    /// Reads the maps right after a run forward.
    init(of instance: GradientInstance) {
        let program = instance.program
        for operation in program.operations.prefix(program.forwardCount) {
            switch operation.kind {
            case .rectify(let layer, let channels):
                let values = Self.plain(operation.destination, instance)
                let pixels =
                    program.maps[operation.destination].shape.side * program.maps[operation.destination].shape.side
                let part = values[channels.to * pixels..<(channels.to + channels.count) * pixels]
                negative[layer.name] = part.map { $0.sign == .minus }
            case .pool(let window): places.append(Self.places(operation, window, instance))
            default: break
            }
        }
    }

    /// How many decisions are others than the slow network's.
    func differing(from slow: SlowNetwork.Decisions) -> Int {
        var count = 0
        for (name, signs) in negative {
            guard let others = slow.negative[name] else { return .max }
            count += zip(signs, others).count { $0 != $1 }
        }
        let order = ["maxpool0", "maxpool1"] + ["3a", "3b"].map { "mixed\($0)_pool" } + ["maxpool4"]
        let later =
            ["4a", "4b", "4c", "4d", "4e"].map { "mixed\($0)_pool" } + ["maxpool10", "mixed5a_pool", "mixed5b_pool"]
        let names = (order + later).filter { slow.places[$0] != nil }
        // The target's own branch may leave out a pooling that the slow network runs.
        for (own, name) in zip(places, names) {
            guard let others = slow.places[name], others.count == own.count else { continue }
            count += zip(own, others).count { $0 != $1 }
        }
        return count
    }

    private static func plain(_ map: Int, _ instance: GradientInstance) -> [Float] {
        let shape = instance.program.maps[map].shape
        var values = [Float](repeating: 0, count: shape.channels * shape.side * shape.side)
        var span = values.mutableSpan
        BlockedKernels.copyPlain(instance.region(of: map), shape, image: 0, into: &span)
        return values
    }

    /// For each window of the meant channels its first greatest value's place among those channels.
    private static func places(
        _ operation: GradientProgram.Operation,
        _ window: Window,
        _ instance: GradientInstance
    ) -> [Int] {
        let map = instance.program.maps[operation.sources[0]]
        let (side, out) = (map.shape.side, window.positions(over: map.shape.side))
        let values = plain(operation.sources[0], instance)
        var places: [Int] = []
        for (channel, place) in map.channelPlaces.flatMap({ Array($0) }).enumerated() {
            for row in 0..<out {
                for column in 0..<out {
                    var (best, found) = (-Float.infinity, 0)
                    for tap in 0..<window.side * window.side {
                        let y = row * window.stride - window.leadingPadding + tap / window.side
                        let x = column * window.stride - window.leadingPadding + tap % window.side
                        guard (0..<side).contains(y), (0..<side).contains(x) else { continue }
                        let value = values[(place * side + y) * side + x]
                        if value > best { (best, found) = (value, (channel * side + y) * side + x) }
                    }
                    places.append(found)
                }
            }
        }
        return places
    }
}
