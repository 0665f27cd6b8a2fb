// SPDX-License-Identifier: MIT

internal import ComputeEngine

/// A feature map: its shape, and where the meant channels lie between those that fill up blocks.
struct FeatureMap {
    let shape: MapShape
    let channelPlaces: [Range<Int>]

    /// A map whose channels are all meant.
    init(channels: Int, side: Int, images: Int) {
        self.init(
            shape: MapShape(images: images, channels: channels, side: side),
            channelPlaces: [0..<channels]
        )
    }

    /// A map of several layers' outputs, each of which begins with a block of its own.
    init(joining layers: [Layer], images: Int, side: Int) {
        var places: [Range<Int>] = []
        var width = 0
        for layer in layers {
            width = MapShape(images: 1, channels: width, side: 1).paddedChannels
            places.append(width..<width + layer.neuronCount)
            width += layer.neuronCount
        }
        self.init(shape: MapShape(images: images, channels: width, side: side), channelPlaces: places)
    }

    init(shape: MapShape, channelPlaces: [Range<Int>]) {
        self.shape = shape
        self.channelPlaces = channelPlaces
    }

    /// The same channels at another size.
    func with(side: Int) -> FeatureMap {
        FeatureMap(
            shape: MapShape(images: shape.images, channels: shape.channels, side: side),
            channelPlaces: channelPlaces
        )
    }

    /// Floats of the map in memory, a whole number of cache lines; the input of three channels lies plain.
    var storageCount: Int {
        let count = shape.channels == 3 ? shape.images * 3 * shape.rows * shape.columns : shape.count
        return (count + 15) / 16 * 16
    }

    /// A layer's weights with zeros for the channels of the map that fill up blocks between its branches.
    func spread(_ weights: [Float], of layer: Layer) -> [Float] {
        let places = channelPlaces.flatMap { Array($0) }
        precondition(places.count == layer.inputChannels, "a layer reads what the one before it writes")
        let width = shape.channels
        guard width != places.count else { return weights }
        let rows = weights.count / layer.weightShape.dropFirst().reduce(1, *)
        let window = weights.count / (rows * layer.inputChannels)
        var spread = [Float](repeating: 0, count: rows * width * window)
        for output in 0..<rows {
            for (input, place) in places.enumerated() {
                for index in 0..<window {
                    spread[(output * width + place) * window + index] =
                        weights[(output * layer.inputChannels + input) * window + index]
                }
            }
        }
        return spread
    }
}

/// Where feature maps lie in one shared piece of memory.
struct MemoryPlacement {
    /// For each map that is used, its first float.
    let offsets: [Int: Int]
    /// How many floats there are in all.
    let count: Int

    /// Places maps so that those that are never needed at the same time share memory.
    ///
    /// The largest are placed first, each at the lowest place that is free during its life, which lasts from the
    /// first to the last step that uses it.
    ///
    /// - Parameters:
    ///   - maps: all maps, by number.
    ///   - uses: the numbers of the maps that each step reads or writes, in the order of the steps.
    init(of maps: [FeatureMap], uses: [[Int]]) {
        var lives: [Int: ClosedRange<Int>] = [:]
        for (step, used) in uses.enumerated() {
            for map in used { lives[map] = (lives[map]?.lowerBound ?? step)...step }
        }
        var placed: [(offset: Int, count: Int, life: ClosedRange<Int>)] = []
        var offsets: [Int: Int] = [:]
        var total = 0
        let order = lives.sorted { (maps[$0.key].storageCount, $1.key) > (maps[$1.key].storageCount, $0.key) }
        for (map, life) in order {
            let count = maps[map].storageCount
            var offset = 0
            for other in placed.filter({ $0.life.overlaps(life) }).sorted(by: { $0.offset < $1.offset }) {
                if offset + count <= other.offset { break }
                offset = max(offset, other.offset + other.count)
            }
            placed.append((offset, count, life))
            offsets[map] = offset
            total = max(total, offset + count)
        }
        self.offsets = offsets
        count = total
    }
}
