// SPDX-License-Identifier: MIT

import SystemSupport

/// Counts how often each task ran.
final class TaskCounts: Sendable {
    private let counts = Monitor<[Int: Int]>([:])

    func add(_ task: Int) { counts.withLock { $0[task, default: 0] += 1 } }

    var all: [Int: Int] { counts.withLock { $0 } }
}
