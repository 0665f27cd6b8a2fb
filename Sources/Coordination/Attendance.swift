// SPDX-License-Identifier: MIT

public import JobStorage
private import SystemPackage
public import SystemSupport

/// Who is there to do the work, for people who wonder why nothing moves.
public struct Attendance: Sendable {
    /// A coordinator says where there is work every minute.
    private static let longestSilence = Duration.seconds(180)

    /// Whether a coordinator is at work, or was a moment ago.
    public let hasCoordinator: Bool
    /// The workers that have not left; one whose heartbeat is older than the lease is "silent".
    public let workers: [QueueStatus.Worker]

    /// Looks who is there.
    ///
    /// How old a heartbeat or a hint is can be told without comparing two machines' clocks: by its file's time and that of
    /// a file that is written now to the same place.
    ///
    /// - Parameters:
    ///   - directory: the job directory.
    ///   - workers: those that were just seen.
    ///   - observer: this process.
    /// - Throws: `FileError` where the directory refuses.
    public init(_ directory: JobDirectory, workers: [QueueStatus.Worker], seenFrom observer: HostIdentity) throws {
        let (now, others) = try directory.withScratch { scratch in
            let probe = scratch.appending("time")
            try directory.fileSystem.create(probe, contents: [], durably: false)
            let others = try directory.fileSystem.names(in: scratch.removingLastComponent()).compactMap {
                WorkerName($0)
            }
            return (try FileTime(of: probe), others.filter { directory.scratch(of: $0) != scratch })
        }
        func isOlder(_ file: FilePath, than age: Duration) -> Bool? {
            (try? FileTime(of: file)).map { $0.duration(to: now) >= age }
        }
        self.workers = workers.map { worker in
            let beat = directory.root.appending("heartbeats").appending(worker.id.description)
            guard worker.state != "dead", isOlder(beat, than: directory.settings.lease) ?? false else { return worker }
            return QueueStatus.Worker(id: worker.id, host: worker.host, state: "silent", jobs: worker.jobs)
        }
        let hint = try directory.newestHintFile()
        let isHintFresh = hint.flatMap { isOlder($0, than: Self.longestSilence) }.map { !$0 } ?? false
        // A coordinator that leaves takes its scratch folder along, and one that was killed here is known to be gone.
        hasCoordinator =
            isHintFresh
            && others.contains { name in
                directory.scratchOwner(of: name).map {
                    !directory.platform.isProvablyDead($0, seenFrom: observer)
                } ?? false
            }
    }

    /// What is missing where work is left, with the command that mends it.
    ///
    /// - Parameters:
    ///   - overview: where everything stands.
    ///   - queue: the job directory as the user knows it.
    ///   - isCoordinating: whether this process is a coordinator.
    /// - Returns: a line for each.
    public func complaints(_ overview: QueueOverview, queue: String, isCoordinating: Bool = false) -> [String] {
        guard overview.hasOpenJobs || overview.isMergeLeft else { return [] }
        var lines: [String] = []
        if !isCoordinating, !hasCoordinator {
            lines.append("no coordinator is at work; start one with: lucid-coordinator run --queue \(queue)")
        }
        let isAnyAlive = workers.contains { $0.state != "dead" && $0.state != "silent" }
        if overview.hasOpenJobs, !isAnyAlive {
            lines.append("no worker is there; start one with: lucid-worker --queue \(queue)")
        }
        return lines
    }
}
