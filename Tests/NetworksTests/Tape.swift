// SPDX-License-Identifier: MIT

@testable import Networks

/// One run of the slow network: forward with a note of what was done, and back along the notes.
///
/// Decisions may be held: then the run follows them, wherever its own sums would decide otherwise.
struct Tape {
    typealias Maps = SlowNetwork.Maps
    typealias Geometry = SlowOperations.Geometry

    let network: SlowNetwork
    let target: String
    let channel: Int

    private let held: SlowNetwork.Decisions
    private var decisions = SlowNetwork.Decisions()
    private var overruled = SlowNetwork.Overruled()

    init(network: SlowNetwork, target: String, channel: Int, held: SlowNetwork.Decisions = .init()) {
        self.network = network
        self.target = target
        self.channel = channel
        self.held = held
    }

    mutating func forward(_ image: Maps) -> Double {
        let (raw, _) = toTarget(image)
        return mean(raw)
    }

    mutating func run(_ image: Maps) -> SlowNetwork.Outcome {
        let (raw, back) = toTarget(image)
        let pixels = raw.side * raw.side
        var start = Maps(channels: raw.channels, side: raw.side, values: raw.values.map { _ in 0 })
        for pixel in 0..<pixels { start.values[channel * pixels + pixel] = 1 / Double(pixels) }
        return SlowNetwork.Outcome(objective: mean(raw), decisions: decisions, overruled: overruled) { slope in
            back(start, slope).values
        }
    }

    private func mean(_ raw: Maps) -> Double {
        let pixels = raw.side * raw.side
        return raw.values[channel * pixels..<(channel + 1) * pixels].reduce(0, +) / Double(pixels)
    }

    /// From the gradient of an operation's outcome and the slope of ReLUs that cut off, the gradient of its input.
    private typealias Back = (Maps, Double) -> Maps

    /// The target's raw maps, and the way from their gradient to the image's.
    private mutating func toTarget(_ image: Maps) -> (Maps, Back) {
        var (maps, back): (Maps, Back) = (image, { gradient, _ in gradient })
        func then(_ next: (Maps, Back)) {
            let before = back
            maps = next.0
            back = { before(next.1($0, $1), $1) }
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
        precondition(target == "logits", "tests name layers of the network")
        then(readLogits(maps))
        return (maps, back)
    }

    private mutating func append(_ input: Maps, _ block: String) -> ((Maps, Back), isTarget: Bool) {
        var outputs: [(Maps, Back)] = []
        for path in [["1x1"], ["3x3_bottleneck", "3x3"], ["5x5_bottleneck", "5x5"], ["pool", "pool_reduce"]] {
            var (maps, back): (Maps, Back) = (input, { gradient, _ in gradient })
            for step in path {
                let before = back
                let raw =
                    step == "pool" ? pool(maps, "\(block)_pool", halving: false) : convolve(maps, "\(block)_\(step)")
                let next = raw.1
                (maps, back) = (raw.0, { before(next($0, $1), $1) })
                if "\(block)_\(step)" == target { return ((maps, back), true) }
                guard step != "pool" else { continue }
                let (sofar, rectified) = (back, rectify(maps, "\(block)_\(step)"))
                (maps, back) = (rectified.0, { sofar(rectified.1($0, $1), $1) })
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
            { gradient, slope in
                var sum = Maps(channels: input.channels, side: input.side, values: input.values.map { _ in 0 })
                var start = 0
                for (maps, back) in outputs {
                    let part = Array(gradient.values[start..<start + maps.values.count])
                    start += maps.values.count
                    let given = back(Maps(channels: maps.channels, side: maps.side, values: part), slope)
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
            { gradient, _ in SlowOperations.convolveBack(gradient, input, weights, geometry) }
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
        let negative = held.signs(of: name, computed: maps.values.map { $0 < 0 })
        decisions.negative[name] = negative
        let largest = maps.values.reduce(0) { max($0, abs($1)) }
        for index in negative.indices {
            if negative[index] != (maps.values[index] < 0) { overruled.add(abs(maps.values[index]) / largest) }
            if negative[index] { maps.values[index] = 0 }
        }
        return (
            maps,
            { gradient, slope in
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
        var (maps, places) = SlowOperations.pool(input, geometry)
        let largest = input.values.reduce(0) { max($0, abs($1)) }
        for (window, place) in held.places(of: name) where place != places[window] {
            overruled.add((maps.values[window] - input.values[place]) / largest)
            (maps.values[window], places[window]) = (input.values[place], place)
        }
        decisions.places[name] = places
        return (maps, { gradient, _ in SlowOperations.poolBack(gradient, input, places: places) })
    }

    /// Each class at each row of 1,024 means, which stand in the order channel, place.
    private func readLogits(_ input: Maps) -> (Maps, Back) {
        let (weights, biases) = network.parameters(network.layer("logits"))
        let means = SlowOperations.meanPool(input, side: 7)
        let rows = means.side * means.side
        var logits = Maps(channels: biases.count, side: means.side, values: [])
        for channel in biases.indices {
            for row in 0..<rows {
                let products = (0..<1024).map { weights[channel * 1024 + $0] * means.values[row * 1024 + $0] }
                logits.values.append(biases[channel] + products.reduce(0, +))
            }
        }
        return (
            logits,
            { gradient, _ in
                var given = Maps(channels: 1024, side: means.side, values: means.values.map { _ in 0 })
                for (index, value) in gradient.values.enumerated() where value != 0 {
                    let (channel, row) = (index / rows, index % rows)
                    for place in 0..<1024 {
                        given.values[row * 1024 + place] += value * weights[channel * 1024 + place]
                    }
                }
                return SlowOperations.meanPoolBack(given, input, side: 7)
            }
        )
    }

    private func normalize(_ input: Maps) -> (Maps, Back) {
        (SlowOperations.normalize(input), { gradient, _ in SlowOperations.normalizeBack(gradient, input) })
    }
}
