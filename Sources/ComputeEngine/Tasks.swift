// SPDX-License-Identifier: MIT

private import Synchronization
private import SystemSupport

/// Runs numbered tasks on threads of their own that take the next one whenever they are free.
///
/// Every task must write what no other writes; then the outcome does not depend on the number of threads.
public func runTasks(_ count: Int, threads: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
    let next = Counter()
    try onThreads(max(1, min(threads, count)), named: "compute") { _ in
        while true {
            let task = next.next()
            guard task < count else { return }
            try body(task)
        }
    }
}

private final class Counter: Sendable {
    private let value = Atomic(0)

    func next() -> Int { value.wrappingAdd(1, ordering: .relaxed).oldValue }
}
