// SPDX-License-Identifier: MIT

internal import ComputeEngine

/// A Gram matrix of channels, scaled to unit norm.
struct UnitGram {
    let values: [Double]
    let norm: Double

    /// Scales a Gram matrix; where it is next to nothing, it stays so.
    init(_ gram: [Double]) {
        let norm = max(gram.reduce(0) { $0 + $1 * $1 }, 1e-10).squareRoot()
        values = gram.map { $0 / norm }
        self.norm = norm
    }

    /// The gradient, with respect to the Gram matrix, of how alike it is to others, as the loss counts it.
    ///
    /// Every pair counts twice, once from each side.
    func slopes(beside others: [UnitGram]) -> [Double] {
        var sum = [Double](repeating: 0, count: values.count)
        for other in others {
            for place in sum.indices { sum[place] += 2 * other.values[place] }
        }
        let along = zip(sum, values).reduce(0) { $0 + $1.0 * $1.1 }
        return zip(sum, values).map { BatchObjective.diversityWeight * ($0 - along * $1) / norm }
    }
}

/// What keeps pictures of one neuron apart: how alike the Gram matrices of their channels are, as in lucid's `diversity`.
///
/// For each picture, G = AᵀA over the places of the target's raw output A (places × channels), scaled to unit norm; the
/// loss grows by the factor `BatchObjective.diversityWeight` times the sum of ⟨Gᵢ, Gⱼ⟩ over all other pictures of its group.
struct Diversity {
    private let shape: MapShape
    private var channels: Int { shape.channels }
    private var pixels: Int { shape.side * shape.side }

    init(_ shape: MapShape) {
        self.shape = shape
    }

    /// Adds the gradient of the loss.
    func add(_ map: FloatRegion, groups count: Int, to gradient: FloatRegion) throws(ComputeError) {
        for start in stride(from: 0, through: shape.images - count, by: count) {
            var activations: [FloatBuffer] = []
            var grams: [UnitGram] = []
            for image in start..<start + count {
                let plain = try plainChannels(map, image: image)
                let product = try FloatBuffer(count: channels * channels)
                try MatrixProducts.multiplyTransposed(
                    plain.all,
                    rows: channels,
                    plain.all,
                    columns: channels,
                    depth: pixels,
                    into: product.all
                )
                activations.append(plain)
                grams.append(UnitGram(product.all.withValues { values in values.indices.map { Double(values[$0]) } }))
            }
            for picture in 0..<count {
                let slopes = grams[picture].slopes(beside: grams.indices.filter { $0 != picture }.map { grams[$0] })
                try add(slopes, activations[picture], image: start + picture, to: gradient)
            }
        }
    }

    /// Adds 2 · A · slopes, where slopes are symmetric, in the blocked layout.
    private func add(_ slopes: [Double], _ plain: FloatBuffer, image: Int, to gradient: FloatRegion)
        throws(ComputeError)
    {
        let factors = try FloatBuffer(count: channels * channels)
        factors.all.withMutableValues { values in
            for index in values.indices { values[index] = Float(2 * slopes[index]) }
        }
        // The product wants the channels of a place side by side.
        let transposed = try FloatBuffer(count: channels * pixels)
        plain.all.withValues { from in
            transposed.all.withMutableValues { to in
                for channel in 0..<channels {
                    for pixel in 0..<pixels { to[pixel * channels + channel] = from[channel * pixels + pixel] }
                }
            }
        }
        let product = try FloatBuffer(count: channels * pixels)
        try MatrixProducts.multiplyTransposed(
            factors.all,
            rows: channels,
            transposed.all,
            columns: pixels,
            depth: channels,
            into: product.all
        )
        let block = CPUEngine.channelBlock
        product.all.withValues { values in
            gradient.withMutableValues { gradient in
                for channel in 0..<channels {
                    let first = image * shape.imageCount + channel / block * pixels * block + channel % block
                    for pixel in 0..<pixels { gradient[first + pixel * block] += values[channel * pixels + pixel] }
                }
            }
        }
    }

    private func plainChannels(_ map: FloatRegion, image: Int) throws(ComputeError) -> FloatBuffer {
        let plain = try FloatBuffer(count: channels * pixels)
        plain.all.withMutableValues { BlockedKernels.copyPlain(map, shape, image: image, into: &$0) }
        return plain
    }
}
