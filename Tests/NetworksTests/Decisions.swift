// SPDX-License-Identifier: MIT

import ComputeEngine

@testable import Networks

extension SlowNetwork.Decisions {
    /// The order in which poolings run; a network stops before those that its target does not need.
    private static let poolings =
        ["maxpool0", "maxpool1", "mixed3a_pool", "mixed3b_pool", "maxpool4"]
        + ["4a", "4b", "4c", "4d", "4e"].map { "mixed\($0)_pool" } + ["maxpool10", "mixed5a_pool", "mixed5b_pool"]

    /// What an instance decided for the first image of its batch; to be read right after a run forward.
    init(of instance: GradientInstance) {
        let program = instance.program
        for operation in program.operations.prefix(program.forwardCount) {
            switch operation.kind {
            case .rectify(let layer, let channels):
                let values = Self.plain(operation.destination, instance)
                let side = program.maps[operation.destination].shape.side
                let pixels = side * side
                let part = values[channels.to * pixels..<(channels.to + channels.count) * pixels]
                negative[layer.name] = part.map { $0.sign == .minus }
            case .pool(let window):
                places[Self.poolings[places.count]] = Self.places(operation, window, instance)
            default: break
            }
        }
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
