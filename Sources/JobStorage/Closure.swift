// SPDX-License-Identifier: MIT

public import SystemSupport

/// Tells a job directory that is closed for a while from a place that is closed to us.
///
/// While an NFS export is withdrawn, or not there yet after the server's start, everything in it is refused with EACCES. A
/// process to which the directory was open waits for that as for any other outage, for a lease's time; where only some
/// part of it is closed, it does not.
public struct Closure: Sendable {
    private var start: BootClock.Instant?
    private var isSuspected = false

    /// Nothing was refused yet.
    public init() {}

    /// Whether to try again after an error.
    ///
    /// A first refusal by a directory that is open counts as the last of a time in which it was closed.
    public mutating func mayPass(_ error: FileError, in directory: JobDirectory, now: BootClock.Instant) -> Bool {
        guard error.isClosure else { return false }
        guard directory.isClosed else {
            defer { isSuspected = true }
            start = nil
            return !isSuspected
        }
        let start = start ?? now
        self.start = start
        return start.duration(to: now) < directory.settings.lease
    }

    /// Takes in that nothing is refused any more.
    public mutating func end() { self = Closure() }
}

extension JobDirectory {
    /// Whether the directory itself is closed to us now.
    fileprivate var isClosed: Bool {
        do throws(FileError) {
            try fileSystem.refresh(root)
            return false
        } catch {
            return error.isClosure
        }
    }
}
