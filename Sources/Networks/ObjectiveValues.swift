// SPDX-License-Identifier: MIT

internal import ComputeEngine

extension BatchObjective {
    /// The objective of each picture over the target's channels, and the gradient of the loss there.
    ///
    /// Without diversity, picture i looks at channel i, which was computed for it alone. With it, all channels of the
    /// layer are there.
    ///
    /// - Parameters:
    ///   - map: the target's raw output.
    ///   - shape: its shape.
    ///   - gradient: takes the gradient, zeros included.
    /// - Throws: `ComputeError` where the engine fails.
    /// - Returns: one value a picture; it does not count how much pictures differ.
    func values(_ map: FloatRegion, _ shape: MapShape, gradient: FloatRegion) throws(ComputeError) -> [Double] {
        let places = place == .mean ? 0..<shape.side * shape.side : middle(of: shape.side)
        gradient.part(offset: 0, count: shape.count).withMutableValues { $0.update(repeating: 0) }
        var objectives: [Double] = []
        for (image, wish) in wishes.enumerated() {
            let coefficients =
                diversity == 1
                ? (0..<shape.channels).map { $0 == image ? 1 : 0 } : wish.coefficients(count: shape.channels)
            var value = 0.0
            for (channel, coefficient) in coefficients.enumerated() where coefficient != 0 {
                let sum = accumulate(map, gradient, shape, image, channel, places, coefficient)
                value += Double(coefficient) * sum / Double(places.count)
            }
            objectives.append(value)
        }
        if diversity > 1 { try Diversity(shape).add(map, groups: diversity, to: gradient) }
        return objectives
    }

    private func middle(of side: Int) -> Range<Int> {
        let place = side / 2 * side + side / 2
        return place..<place + 1
    }

    /// The sum of a channel over some places; writes the gradient of the loss there.
    private func accumulate(
        _ map: FloatRegion,
        _ gradient: FloatRegion,
        _ shape: MapShape,
        _ image: Int,
        _ channel: Int,
        _ places: Range<Int>,
        _ coefficient: Float
    ) -> Double {
        let block = CPUEngine.channelBlock
        let pixels = shape.side * shape.side
        let first = image * shape.imageCount + channel / block * pixels * block + channel % block
        let slope = -coefficient / Float(places.count)
        gradient.withMutableValues { gradient in
            for pixel in places { gradient[first + pixel * block] = slope }
        }
        return map.withValues { values in
            var sum = 0.0
            for pixel in places { sum += Double(values[first + pixel * block]) }
            return sum
        }
    }
}
