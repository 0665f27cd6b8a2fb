// SPDX-License-Identifier: MIT

/// Decides when to speak of something that goes on failing: at once, then ever more seldom, and once when it is over.
public struct SeldomWord: Sendable {
    private static let shortest = Duration.seconds(10)
    private static let longest = Duration.seconds(600)

    private var next: BootClock.Instant?
    private var span = Self.shortest

    /// Nothing has failed yet.
    public init() {}

    /// Whether to say now that it fails.
    public mutating func isDue(at now: BootClock.Instant) -> Bool {
        if let next, now < next { return false }
        if next != nil { span = min(span * 2, Self.longest) }
        next = now.advanced(by: span)
        return true
    }

    /// Whether it had failed before, now that it does no more.
    public mutating func end() -> Bool {
        defer { self = SeldomWord() }
        return next != nil
    }
}
