// SPDX-License-Identifier: MIT

private import CLinux
private import Glibc
private import SystemPackage

/// Turns SIGTERM and SIGINT into a call on a thread of its own.
///
/// It works by a handler, not by blocking the signals and waiting for them: libraries start threads before `main`,
/// which would not have them blocked, and there a signal would end the process. One to a process.
public final class SignalListener: Sendable {
    private let thread: DedicatedThread

    /// Calls the body at the first signal; the second one ends the process at once, with code 128 + its number.
    public init(onFirst body: @escaping @Sendable () -> Void) {
        var ends: [Int32] = [-1, -1]
        precondition(unsafe pipe2(&ends, O_CLOEXEC) == 0, "the system gives a pipe")
        let (readEnd, writeEnd) = (FileDescriptor(rawValue: ends[0]), ends[1])
        unsafe signalPipe = writeEnd
        var action = sigaction()
        unsafe action.__sigaction_handler.sa_handler = passOn
        action.sa_flags = SA_RESTART
        unsafe sigemptyset(&action.sa_mask)
        for number in [SIGTERM, SIGINT] { unsafe sigaction(number, &action, nil) }
        thread = DedicatedThread(named: "signals") {
            _ = nextSignal(from: readEnd)
            body()
            _exit(128 + nextSignal(from: readEnd))
        }
    }
}

/// Where the handler writes; set once, before it is installed.
nonisolated(unsafe) private var signalPipe: Int32 = -1

/// Runs on whichever thread the signal met, between any two of its instructions.
private func passOn(_ number: Int32) {
    let before = errno
    var byte = UInt8(truncatingIfNeeded: number)
    _ = unsafe write(signalPipe, &byte, 1)
    errno = before
}

/// Waits for a signal and returns its number.
private func nextSignal(from pipe: FileDescriptor) -> Int32 {
    var byte: [UInt8] = [0]
    while true {
        let count = try? unsafe byte.withUnsafeMutableBytes { try unsafe pipe.read(into: $0) }
        if count == 1 { return Int32(byte[0]) }
    }
}
