// SPDX-License-Identifier: MIT

/// Which images each epoch of a comparison draws, as the reference's data loader does.
public enum EpochDraw {
    /// The order in which an epoch goes through a data set.
    ///
    /// PyTorch's loader, seeded with the epoch's number, draws one 63-bit number for its worker processes and a
    /// second one that seeds the shuffle, a Fisher-Yates permutation of which each step takes 32 bits modulo what is left.
    ///
    /// - Parameters:
    ///   - epoch: the epoch's number, which is its seed.
    ///   - count: the number of images in the data set, below 2³²/20, where the library's algorithm changes.
    /// - Returns: every index of the data set once.
    public static func order(epoch: Int, count: Int) -> [Int] {
        precondition(count >= 0 && count < Int(UInt32.max) / 20, "the shuffle is defined for fewer images")
        var generator = MersenneTwister(seed: UInt32(truncatingIfNeeded: epoch))
        _ = generator.next()
        var shuffle = MersenneTwister(seed: UInt32(truncatingIfNeeded: generator.next()))
        var order = Array(0..<count)
        for index in 0..<max(0, count - 1) {
            order.swapAt(index, index + Int(shuffle.nextWord()) % (count - index))
        }
        return order
    }

    /// The number of batches that an epoch can have: what was asked for, or as many whole ones as there are images.
    public static func clamp(iterations: Int, batchSize: Int, count: Int) -> Int {
        min(iterations, count / batchSize)
    }

    /// The images of each epoch, in the order drawn.
    public static func lists(epochs: Int, iterations: Int, batchSize: Int, count: Int) -> [[Int]] {
        let drawn = clamp(iterations: iterations, batchSize: batchSize, count: count) * batchSize
        return (0..<epochs).map { Array(order(epoch: $0, count: count).prefix(drawn)) }
    }
}

/// The groups of images that the delete-group jackknife leaves out in turn.
///
/// An image belongs to the group of its data-set index modulo 32, so that leaving a group out removes the
/// image from every epoch at once (Kott 2001, "The delete-a-group jackknife").
public enum JackknifeGroups {
    /// The number of groups.
    public static let count = 32

    /// An epoch's images sorted by group, then by index: the order of the rows of its Gram matrices.
    public static func rows(of images: [Int]) -> [Int] {
        images.sorted { ($0 % count, $0) < ($1 % count, $1) }
    }

    /// The rows that each group has in that order; empty for groups without images.
    public static func ranges(in rows: [Int]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start = 0
        for group in 0..<count {
            let end = rows[start...].firstIndex { $0 % count != group } ?? rows.count
            ranges.append(start..<end)
            start = end
        }
        return ranges
    }
}
