// SPDX-License-Identifier: MIT

private import Glibc
private import SystemPackage

/// A thread of its own for work that blocks or computes for long, so that nothing else can be starved by it.
public final class DedicatedThread: Sendable {
    private let outcome: Monitor<Result<Void, any Error>?>

    /// Starts a thread that runs the body once.
    ///
    /// The name is cut to 15 bytes, as the system does.
    public init(named name: String, _ body: @escaping @Sendable () throws -> Void) {
        let outcome = Monitor<Result<Void, any Error>?>(nil)
        self.outcome = outcome
        let start = Start(name: name) {
            let result = Result { try body() }
            outcome.withLock { $0 = result }
        }
        let status = unsafe withUnsafeTemporaryAllocation(of: pthread_attr_t.self, capacity: 1) { attributes in
            guard let attributes = attributes.baseAddress else { return ENOMEM }
            unsafe pthread_attr_init(attributes)
            defer { unsafe pthread_attr_destroy(attributes) }
            unsafe pthread_attr_setdetachstate(attributes, Int32(PTHREAD_CREATE_DETACHED))
            unsafe pthread_attr_setstacksize(attributes, 4 << 20)
            var thread = pthread_t()
            return unsafe pthread_create(
                &thread,
                attributes,
                { argument in
                    guard let argument = unsafe argument else { return nil }
                    let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                    nameThisThread(start.name)
                    start.body()
                    return nil
                },
                Unmanaged.passRetained(start).toOpaque()
            )
        }
        precondition(status == 0, "the system gives no more threads")
    }

    /// Waits until the body has returned, and throws what it threw.
    public func join() throws {
        try outcome.wait { $0 }.get()
    }

    private final class Start {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
}

/// Shows a name in `top` and `perf`; a thread without one works as well.
private func nameThisThread(_ name: String) {
    guard let descriptor = try? FileDescriptor.open(FilePath("/proc/thread-self/comm"), .writeOnly) else { return }
    _ = try? descriptor.closeAfter { try descriptor.writeAll(Array(name.utf8.prefix(15))) }
}

/// Runs a body on several threads of their own, each with its number, and waits for all of them.
///
/// Throws the error of the lowest-numbered body that threw, after all have ended.
public func onThreads(_ count: Int, named name: String, _ body: @escaping @Sendable (Int) throws -> Void) throws {
    let threads = (0..<count).map { number in
        DedicatedThread(named: "\(name)-\(number)") { try body(number) }
    }
    var failure: (any Error)?
    for thread in threads {
        do { try thread.join() } catch { failure = failure ?? error }
    }
    if let failure { throw failure }
}
