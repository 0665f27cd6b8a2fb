// SPDX-License-Identifier: MIT

public import JobStorage
private import SystemPackage
public import SystemSupport

/// The workers that have not left, for people who ask once.
public struct WorkerList: Sendable {
    /// The workers by name; one whose heartbeat is older than the lease is "silent".
    public let workers: [QueueStatus.Worker]

    /// Looks at all heartbeats.
    ///
    /// How old one is can be told without comparing two machines' clocks: by its file's time and that of a file that is
    /// written now to the same place.
    public init(_ directory: JobDirectory, seenFrom observer: HostIdentity) throws {
        let workers = try QueueOverview(of: directory, seenFrom: observer).status.workers
        let now = try directory.withScratch { scratch in
            let probe = scratch.appending("time")
            try directory.fileSystem.create(probe, contents: [], durably: false)
            return try FileTime(of: probe)
        }
        self.workers = workers.map { worker in
            let beat = directory.root.appending("heartbeats").appending(worker.id.description)
            guard worker.state != "dead", let time = try? FileTime(of: beat),
                time.duration(to: now) >= directory.settings.lease
            else { return worker }
            return QueueStatus.Worker(id: worker.id, host: worker.host, state: "silent", jobs: worker.jobs)
        }
    }
}
