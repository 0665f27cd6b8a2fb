// SPDX-License-Identifier: MIT

private import Glibc

/// State that several threads change under one lock, and on whose changes they can wait.
///
/// For dedicated threads only: waiting blocks the thread. The one lock of this package, for the thread sanitizer knows
/// those of the C library, and on Linux not those of `Synchronization.Mutex`.
@safe
public final class Monitor<State: ~Copyable>: @unchecked Sendable {
    // Sendable because the state is reached under the mutex alone.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    // Unsafe by itself; only so can it be lent as `sending`, which lets nothing of it escape from under the mutex.
    private nonisolated(unsafe) var state: State

    /// Starts with a state.
    public init(_ state: consuming sending State) {
        unsafe self.state = state
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Changes the state and wakes all who wait.
    public func withLock<Result, Failure: Error>(
        _ body: (inout sending State) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        unsafe pthread_mutex_lock(mutex)
        defer {
            unsafe pthread_cond_broadcast(condition)
            unsafe pthread_mutex_unlock(mutex)
        }
        return try unsafe body(&state)
    }

    /// Waits until the body returns a value; it is asked again after every change.
    public func wait<Result>(for body: (inout sending State) -> sending Result?) -> sending Result {
        unsafe pthread_mutex_lock(mutex)
        defer {
            unsafe pthread_cond_broadcast(condition)
            unsafe pthread_mutex_unlock(mutex)
        }
        while true {
            if let result = unsafe body(&state) { return result }
            unsafe pthread_cond_wait(condition, mutex)
        }
    }

    /// Waits until the body returns a value, or until the time is over: then nil.
    public func wait<Result>(
        atMost limit: Duration,
        for body: (inout sending State) -> sending Result?
    ) -> sending Result? {
        var deadline = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &deadline)
        let (seconds, attoseconds) = limit.components
        let nanoseconds = deadline.tv_nsec + Int(attoseconds / 1_000_000_000)
        deadline.tv_sec += Int(seconds) + nanoseconds / 1_000_000_000
        deadline.tv_nsec = nanoseconds % 1_000_000_000
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        var isOver = false
        while true {
            if let result = unsafe body(&state) {
                unsafe pthread_cond_broadcast(condition)
                return result
            }
            if isOver { return nil }
            isOver = unsafe pthread_cond_timedwait(condition, mutex, &deadline) == ETIMEDOUT
        }
    }
}
