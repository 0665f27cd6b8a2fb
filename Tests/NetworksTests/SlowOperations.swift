// SPDX-License-Identifier: MIT

@testable import Networks

/// The operations of the network and their gradients, each from its definition.
enum SlowOperations {
    typealias Maps = SlowNetwork.Maps

    struct Geometry {
        let side: Int
        let stride: Int
        let padding: Int
        let output: Int
    }

    // MARK: Convolution

    static func convolve(_ input: Maps, _ weights: [Double], _ biases: [Double], _ geometry: Geometry) -> Maps {
        let (side, out, k) = (input.side, geometry.output, geometry.side)
        var values = [Double](repeating: 0, count: biases.count * out * out)
        for channel in biases.indices {
            for index in channel * out * out..<(channel + 1) * out * out { values[index] = biases[channel] }
            for from in 0..<input.channels {
                for tap in 0..<k * k {
                    let weight = weights[(channel * input.channels + from) * k * k + tap]
                    forEachRow(geometry, side, tap) { row, y, columns, shift in
                        let (o, i) = ((channel * out + row) * out, (from * side + y) * side + shift)
                        for column in columns {
                            values[o + column] += weight * input.values[i + column * geometry.stride]
                        }
                    }
                }
            }
        }
        return Maps(channels: biases.count, side: out, values: values)
    }

    static func convolveBack(_ gradient: Maps, _ input: Maps, _ weights: [Double], _ geometry: Geometry) -> Maps {
        let (side, out, k) = (input.side, geometry.output, geometry.side)
        var values = [Double](repeating: 0, count: input.values.count)
        for channel in 0..<gradient.channels {
            for from in 0..<input.channels {
                for tap in 0..<k * k {
                    let weight = weights[(channel * input.channels + from) * k * k + tap]
                    forEachRow(geometry, side, tap) { row, y, columns, shift in
                        let (o, i) = ((channel * out + row) * out, (from * side + y) * side + shift)
                        for column in columns {
                            values[i + column * geometry.stride] += weight * gradient.values[o + column]
                        }
                    }
                }
            }
        }
        return Maps(channels: input.channels, side: side, values: values)
    }

    /// The output rows that a tap reaches, with the input row, the output columns, and the input column of column 0.
    @inline(__always)
    private static func forEachRow(
        _ geometry: Geometry,
        _ side: Int,
        _ tap: Int,
        _ body: (_ row: Int, _ y: Int, _ columns: Range<Int>, _ shift: Int) -> Void
    ) {
        let (dy, dx) = (tap / geometry.side - geometry.padding, tap % geometry.side - geometry.padding)
        let columns = (0..<geometry.output).filter { (0..<side).contains($0 * geometry.stride + dx) }
        guard let first = columns.first, let last = columns.last else { return }
        for row in 0..<geometry.output {
            let y = row * geometry.stride + dy
            guard (0..<side).contains(y) else { continue }
            body(row, y, first..<last + 1, dx)
        }
    }

    // MARK: Max pooling

    static func pool(_ input: Maps, _ geometry: Geometry) -> (Maps, places: [Int]) {
        let out = geometry.output
        var values: [Double] = []
        var places: [Int] = []
        for channel in 0..<input.channels {
            for row in 0..<out {
                for column in 0..<out {
                    var best = -Double.infinity
                    var place = -1
                    for y in 0..<geometry.side {
                        for x in 0..<geometry.side {
                            let (r, c) = (
                                row * geometry.stride + y - geometry.padding,
                                column * geometry.stride + x - geometry.padding
                            )
                            guard (0..<input.side).contains(r), (0..<input.side).contains(c) else { continue }
                            let index = (channel * input.side + r) * input.side + c
                            if input.values[index] > best { (best, place) = (input.values[index], index) }
                        }
                    }
                    values.append(best)
                    places.append(place)
                }
            }
        }
        return (Maps(channels: input.channels, side: out, values: values), places)
    }

    static func poolBack(_ gradient: Maps, _ input: Maps, places: [Int]) -> Maps {
        var values = [Double](repeating: 0, count: input.values.count)
        for (index, place) in places.enumerated() { values[place] += gradient.values[index] }
        return Maps(channels: input.channels, side: input.side, values: values)
    }

    // MARK: Mean pooling

    static func meanPool(_ input: Maps, side: Int) -> Maps {
        let out = input.side - side + 1
        var means = Maps(channels: input.channels, side: out, values: [])
        forEachMean(input, side) { places in
            means.values.append(places.reduce(0) { $0 + input.values[$1] } / Double(places.count))
        }
        return means
    }

    static func meanPoolBack(_ gradient: Maps, _ input: Maps, side: Int) -> Maps {
        var given = Maps(channels: input.channels, side: input.side, values: input.values.map { _ in 0 })
        var next = 0
        forEachMean(input, side) { places in
            for place in places { given.values[place] += gradient.values[next] / Double(places.count) }
            next += 1
        }
        return given
    }

    private static func forEachMean(_ input: Maps, _ side: Int, _ body: ([Int]) -> Void) {
        for channel in 0..<input.channels {
            for row in 0...input.side - side {
                for column in 0...input.side - side {
                    body(
                        (0..<side * side).map {
                            (channel * input.side + row + $0 / side) * input.side + column + $0 % side
                        }
                    )
                }
            }
        }
    }

    // MARK: Local response normalisation

    private static let factor = 9.99999974738e-05 / 9

    static func normalize(_ input: Maps) -> Maps {
        var output = input
        forEachWindow(input) { index, window in
            let sum = window.reduce(0.0) { $0 + input.values[$1] * input.values[$1] }
            output.values[index] = input.values[index] / (1 + factor * sum).squareRoot()
        }
        return output
    }

    static func normalizeBack(_ gradient: Maps, _ input: Maps) -> Maps {
        var output = Maps(channels: input.channels, side: input.side, values: input.values.map { _ in 0 })
        forEachWindow(input) { index, window in
            let scale = 1 + factor * window.reduce(0.0) { $0 + input.values[$1] * input.values[$1] }
            let root = scale.squareRoot()
            output.values[index] += gradient.values[index] / root
            for place in window {
                let slope = -factor * input.values[index] * input.values[place] / (scale * root)
                output.values[place] += gradient.values[index] * slope
            }
        }
        return output
    }

    /// Each value's place, and those of the nine channels around it.
    private static func forEachWindow(_ maps: Maps, _ body: (Int, [Int]) -> Void) {
        let pixels = maps.side * maps.side
        for channel in 0..<maps.channels {
            let channels = max(0, channel - 4)...min(maps.channels - 1, channel + 4)
            for pixel in 0..<pixels { body(channel * pixels + pixel, channels.map { $0 * pixels + pixel }) }
        }
    }
}
