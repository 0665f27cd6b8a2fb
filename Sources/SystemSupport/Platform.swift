// SPDX-License-Identifier: MIT

/// Everything that a process takes from its machine besides files: time, chance, threads, and who is who.
///
/// Workers and coordinators are written against this protocol, so that they run as they are where time, chance and
/// the order of all steps are decided by somebody else.
public protocol Platform: Sendable {
    /// The time on a clock that nobody sets and that goes on while the machine sleeps.
    var now: BootClock.Instant { get }

    /// The time of day, in seconds since 1970, for records that people read; never compared between machines.
    var secondsSince1970: Double { get }

    /// 64 random bits.
    func randomBits() -> UInt64

    /// What tells this process from any other.
    func identity() throws(FileError) -> HostIdentity

    /// Whether a process is known to be gone: only ever true on the observer's own machine.
    func isProvablyDead(_ process: HostIdentity, seenFrom observer: HostIdentity) -> Bool

    /// Starts a thread that runs the body once.
    func startThread(named name: String, _ body: @escaping @Sendable () -> Void) -> any RunningThread

    /// Waits until the condition holds, or until the time is over: then false. No limit where nil.
    ///
    /// The condition is asked again after every change. It may change the state where it holds, and is asked no more
    /// then.
    func wait<State>(
        on monitor: Monitor<State>,
        atMost limit: Duration?,
        until condition: @escaping @Sendable (inout sending State) -> Bool
    ) -> Bool
}

/// A thread that was started and can be waited for.
public protocol RunningThread: Sendable {
    /// Waits until the thread has ended, and throws what its body threw.
    func join() throws
}

extension DedicatedThread: RunningThread {}

extension Platform {
    /// Randomness for `shuffled(using:)` and the like.
    public var randomness: Randomness { Randomness(self) }
}

/// The random bits of some platform, as Swift's own functions take them.
public struct Randomness: RandomNumberGenerator {
    private let source: any Platform

    init(_ source: any Platform) {
        self.source = source
    }

    /// 64 random bits.
    public mutating func next() -> UInt64 { source.randomBits() }
}

/// The machine that this process really runs on.
public struct ThisMachine: Platform {
    /// Needs nothing: there is only one.
    public init() {}

    /// The time since the machine's start.
    public var now: BootClock.Instant { BootClock().now }

    /// The system's time of day.
    public var secondsSince1970: Double { SystemSupport.secondsSince1970() }

    /// The system's random bits.
    public func randomBits() -> UInt64 { .random(in: .min ... .max) }

    /// This process's identity.
    public func identity() throws(FileError) -> HostIdentity { try .current() }

    /// Looks for the process.
    public func isProvablyDead(_ process: HostIdentity, seenFrom observer: HostIdentity) -> Bool {
        process.isProvablyDead(seenFrom: observer)
    }

    /// Starts a thread of the system.
    public func startThread(named name: String, _ body: @escaping @Sendable () -> Void) -> any RunningThread {
        DedicatedThread(named: name, body)
    }

    /// Blocks the calling thread.
    public func wait<State>(
        on monitor: Monitor<State>,
        atMost limit: Duration?,
        until condition: @escaping @Sendable (inout sending State) -> Bool
    ) -> Bool {
        guard let limit else { return monitor.wait { condition(&$0) ? true : nil } }
        return monitor.wait(atMost: limit) { condition(&$0) ? true : nil } ?? false
    }
}
