// SPDX-License-Identifier: MIT

@testable import Networks

/// One run of the slow network: forward with a note of what was done, and back along the notes.
struct Tape {
    typealias Maps = SlowNetwork.Maps
    typealias Geometry = SlowOperations.Geometry

    let network: SlowNetwork
    let target: String
    let channel: Int

    private var decisions = SlowNetwork.Decisions()

    init(network: SlowNetwork, target: String, channel: Int) {
        self.network = network
        self.target = target
        self.channel = channel
    }

    mutating func forward(_ image: Maps) -> Double {
        let (raw, _) = toTarget(image)
        return mean(raw)
    }

    mutating func run(_ image: Maps) -> (Double, gradient: [Double], SlowNetwork.Decisions) {
        let (raw, back) = toTarget(image)
        let pixels = raw.side * raw.side
        var start = Maps(channels: raw.channels, side: raw.side, values: raw.values.map { _ in 0 })
        for pixel in 0..<pixels { start.values[channel * pixels + pixel] = 1 / Double(pixels) }
        return (mean(raw), back(start).values, decisions)
    }

    private func mean(_ raw: Maps) -> Double {
        let pixels = raw.side * raw.side
        return raw.values[channel * pixels..<(channel + 1) * pixels].reduce(0, +) / Double(pixels)
    }

    private typealias Back = (Maps) -> Maps

    /// The target's raw maps, and the way from their gradient to the image's.
    private mutating func toTarget(_ image: Maps) -> (Maps, Back) {
        var (maps, back): (Maps, Back) = (image, { $0 })
        func then(_ next: (Maps, Back)) {
            let before = back
            maps = next.0
            back = { before(next.1($0)) }
        }
        for name in ["conv2d0", "pool:maxpool0", "norm", "conv2d1", "conv2d2", "norm", "pool:maxpool1"] {
            if name == "norm" {
                then(normalize(maps))
            } else if name.hasPrefix("pool:") {
                then(pool(maps, String(name.dropFirst(5)), halving: true))
            } else {
                then(convolve(maps, name))
                if name == target { return (maps, back) }
                then(rectify(maps, name))
            }
        }
        for block in ["3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"] {
            if block == "4a" { then(pool(maps, "maxpool4", halving: true)) }
            if block == "5a" { then(pool(maps, "maxpool10", halving: true)) }
            let (next, isTarget) = append(maps, "mixed\(block)")
            then(next)
            if isTarget { return (maps, back) }
        }
        preconditionFailure("tests name targets before the logits")
    }

    private mutating func append(_ input: Maps, _ block: String) -> ((Maps, Back), isTarget: Bool) {
        var outputs: [(Maps, Back)] = []
        for path in [["1x1"], ["3x3_bottleneck", "3x3"], ["5x5_bottleneck", "5x5"], ["pool", "pool_reduce"]] {
            var (maps, back): (Maps, Back) = (input, { $0 })
            for step in path {
                let before = back
                let raw =
                    step == "pool" ? pool(maps, "\(block)_pool", halving: false) : convolve(maps, "\(block)_\(step)")
                let next = raw.1
                (maps, back) = (raw.0, { before(next($0)) })
                if "\(block)_\(step)" == target { return ((maps, back), true) }
                guard step != "pool" else { continue }
                let (sofar, rectified) = (back, rectify(maps, "\(block)_\(step)"))
                (maps, back) = (rectified.0, { sofar(rectified.1($0)) })
            }
            outputs.append((maps, back))
        }
        return (join(outputs, input), false)
    }

    private func join(_ outputs: [(Maps, Back)], _ input: Maps) -> (Maps, Back) {
        let joined = Maps(
            channels: outputs.reduce(0) { $0 + $1.0.channels },
            side: input.side,
            values: outputs.flatMap { $0.0.values }
        )
        return (
            joined,
            { gradient in
                var sum = Maps(channels: input.channels, side: input.side, values: input.values.map { _ in 0 })
                var start = 0
                for (maps, back) in outputs {
                    let part = Array(gradient.values[start..<start + maps.values.count])
                    start += maps.values.count
                    let given = back(Maps(channels: maps.channels, side: maps.side, values: part))
                    for index in sum.values.indices { sum.values[index] += given.values[index] }
                }
                return sum
            }
        )
    }

    // MARK: Single operations

    private func convolve(_ input: Maps, _ name: String) -> (Maps, Back) {
        let (weights, biases) = network.parameters(network.layer(name))
        let (side, stride, padding, trailing) =
            name == "conv2d0"
            ? (7, 2, 2, 3)
            : name == "conv2d2" || name.hasSuffix("3x3")
                ? (3, 1, 1, 1) : name.hasSuffix("5x5") ? (5, 1, 2, 2) : (1, 1, 0, 0)
        let output = (input.side + padding + trailing - side) / stride + 1
        let geometry = Geometry(side: side, stride: stride, padding: padding, output: output)
        return (
            SlowOperations.convolve(input, weights, biases, geometry),
            { SlowOperations.convolveBack($0, input, weights, geometry) }
        )
    }

    private mutating func rectify(_ input: Maps, _ name: String) -> (Maps, Back) {
        let pixels = input.side * input.side
        let affine = network.batchNorm(name)
        var maps = input
        if let affine {
            for index in maps.values.indices {
                maps.values[index] = maps.values[index] * affine.scale[index / pixels] + affine.shift[index / pixels]
            }
        }
        let negative = maps.values.map { $0 < 0 }
        decisions.negative[name] = negative
        for index in negative.indices where negative[index] { maps.values[index] = 0 }
        let slope = network.negativeSlope
        return (
            maps,
            { gradient in
                var given = gradient
                for index in negative.indices {
                    if negative[index] { given.values[index] *= slope }
                    if let affine { given.values[index] *= affine.scale[index / pixels] }
                }
                return given
            }
        )
    }

    private mutating func pool(_ input: Maps, _ name: String, halving: Bool) -> (Maps, Back) {
        let geometry =
            halving
            ? Geometry(side: 3, stride: 2, padding: 0, output: (input.side + 1 - 3) / 2 + 1)
            : Geometry(side: 3, stride: 1, padding: 1, output: input.side)
        let (maps, places) = SlowOperations.pool(input, geometry)
        decisions.places[name] = places
        return (maps, { SlowOperations.poolBack($0, input, places: places) })
    }

    private func normalize(_ input: Maps) -> (Maps, Back) {
        (SlowOperations.normalize(input), { SlowOperations.normalizeBack($0, input) })
    }
}
