// SPDX-License-Identifier: MIT

internal import SystemPackage
internal import SystemSupport

/// Starts processes that end with this one, by a thread that lives as long as it.
///
/// The system counts the end of the thread that started a process as that of its parent, and the threads that tests run on
/// come and go.
final class LastingParent: Sendable {
    static let shared = LastingParent()

    private let orders = Monitor<[@Sendable () -> Void]>([])

    private init() {
        _ = DedicatedThread(named: "parent") { [orders] in
            while true { orders.wait { $0.isEmpty ? nil : $0.removeFirst() }() }
        }
    }

    /// Starts a program with arguments.
    func start(_ program: FilePath, _ arguments: [String]) throws -> ChildProcess {
        let outcome = Monitor<Result<ChildProcess, FileError>?>(nil)
        orders.withLock { orders in
            orders.append {
                let child = Result { () throws(FileError) in try ChildProcess(program, arguments) }
                outcome.withLock { $0 = child }
            }
        }
        guard let started = outcome.wait(atMost: .seconds(60), for: { $0 }) else {
            throw Unprepared(what: "the start of \(program), after a minute")
        }
        return try started.get()
    }
}
