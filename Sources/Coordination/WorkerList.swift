// SPDX-License-Identifier: MIT

public import JobStorage
public import SystemSupport

/// The workers that have not left, for people who ask once.
public struct WorkerList: Sendable {
    /// The workers by name; one whose heartbeat is older than the lease is "silent".
    public let workers: [QueueStatus.Worker]

    /// Looks at all heartbeats.
    public init(_ directory: JobDirectory, seenFrom observer: HostIdentity) throws {
        let workers = try QueueOverview(of: directory, seenFrom: observer).status.workers
        self.workers = try Attendance(directory, workers: workers, seenFrom: observer).workers
    }
}
