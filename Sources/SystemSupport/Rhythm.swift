// SPDX-License-Identifier: MIT

/// Says when it is time again for something that is done at once and then not before a span is over.
public struct Rhythm: Sendable {
    private let span: Duration
    private var next: BootClock.Instant?

    /// Starts with nothing done.
    public init(every span: Duration) {
        self.span = span
    }

    /// Whether a turn was taken before.
    public var hasBegun: Bool { next != nil }

    /// Whether it is time.
    public func isDue(at now: BootClock.Instant) -> Bool { next.map { $0 <= now } ?? true }

    /// Takes the turn where it is time, so that the next one comes a span later; false where it is not.
    public mutating func takeTurn(at now: BootClock.Instant) -> Bool {
        guard isDue(at: now) else { return false }
        next = now.advanced(by: span)
        return true
    }
}
