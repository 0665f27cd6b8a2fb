// SPDX-License-Identifier: MIT

private import SystemSupport

/// Numbered partial sums that threads set in any order and that are added up in the order of their numbers.
final class FloatSums: Sendable {
    private let values: Monitor<[Double]>

    init(count: Int) {
        values = Monitor([Double](repeating: 0, count: count))
    }

    func set(_ index: Int, to value: Double) {
        values.withLock { $0[index] = value }
    }

    var total: Double { values.withLock { $0.reduce(0, +) } }
}
