// SPDX-License-Identifier: MIT

private import Glibc

/// A clock that nobody sets and that goes on while the machine sleeps; its zero is the machine's start.
public struct BootClock: Clock, Sendable {
    /// A time since the machine's start.
    public struct Instant: InstantProtocol, Sendable {
        /// The time since the machine's start.
        public let sinceStart: Duration

        /// The instant that much after the machine's start.
        public init(sinceStart: Duration) {
            self.sinceStart = sinceStart
        }

        /// The instant that much later.
        public func advanced(by duration: Duration) -> Instant { Instant(sinceStart: sinceStart + duration) }

        /// The time from this instant to another.
        public func duration(to other: Instant) -> Duration { other.sinceStart - sinceStart }

        /// Whether one instant is before another.
        public static func < (left: Instant, right: Instant) -> Bool { left.sinceStart < right.sinceStart }
    }

    /// Needs nothing: the machine has one.
    public init() {}

    /// The time now.
    public var now: Instant {
        var time = timespec()
        unsafe clock_gettime(CLOCK_BOOTTIME, &time)
        return Instant(sinceStart: .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec))
    }

    /// One nanosecond.
    public var minimumResolution: Duration { .nanoseconds(1) }

    /// Waits until an instant, on the cooperative pool's own timer.
    public func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try await Task.sleep(for: now.duration(to: deadline), tolerance: tolerance)
    }
}

/// The system's time of day, in seconds since 1970, for records that people read; never compared between machines.
public func secondsSince1970() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
