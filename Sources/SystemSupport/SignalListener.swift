// SPDX-License-Identifier: MIT

private import Glibc

/// Turns SIGTERM and SIGINT into a call on a thread of its own.
///
/// To be started before any other thread: it blocks both signals, and threads inherit that.
public final class SignalListener: Sendable {
    private let thread: DedicatedThread

    /// Calls the body at the first signal; the second one ends the process at once, with code 128 + its number.
    public init(onFirst body: @escaping @Sendable () -> Void) {
        var blocked = sigset_t()
        unsafe sigemptyset(&blocked)
        unsafe sigaddset(&blocked, SIGTERM)
        unsafe sigaddset(&blocked, SIGINT)
        unsafe pthread_sigmask(SIG_BLOCK, &blocked, nil)
        thread = DedicatedThread(named: "signals") {
            _ = nextSignal()
            body()
            _exit(128 + nextSignal())
        }
    }
}

/// Waits for SIGTERM or SIGINT and returns its number.
private func nextSignal() -> Int32 {
    var awaited = sigset_t()
    unsafe sigemptyset(&awaited)
    unsafe sigaddset(&awaited, SIGTERM)
    unsafe sigaddset(&awaited, SIGINT)
    var number: Int32 = 0
    while unsafe sigwait(&awaited, &number) != 0 {}
    return number
}
