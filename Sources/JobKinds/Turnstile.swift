// SPDX-License-Identifier: MIT

internal import SystemSupport

/// Lets threads through one at a time, in the order of their numbers.
final class Turnstile: Sendable {
    private let state = Monitor(State())

    private struct State {
        var next = 0
        var failure: (any Error)?
    }

    /// Waits for a number's turn, runs the body, and lets the next one through.
    func pass(_ number: Int, _ body: () throws -> Void) throws {
        let failure: (any Error)?? = state.wait { state in
            if let failure = state.failure { return .some(failure) }
            return state.next == number ? .some(nil) : nil
        }
        if case .some(.some(let failure)) = failure { throw failure }
        try body()
        state.withLock { $0.next += 1 }
    }

    /// Sends away all who wait, with the error of the first one that failed.
    func abandon(_ error: any Error) {
        state.withLock { $0.failure = $0.failure ?? error }
    }
}
