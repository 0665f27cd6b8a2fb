// SPDX-License-Identifier: MIT

public import JobStorage
public import SystemSupport

/// Says who is missing, for commands that show again and again where everything stands.
public struct AttendanceWatch {
    private let directory: JobDirectory
    private let observer: HostIdentity
    private let queue: String
    private let isCoordinating: Bool
    private var complaints: [String] = []
    /// Looking who is there costs some files, and writes one.
    private var looks = Rhythm(every: .seconds(10))

    /// Starts with nothing seen.
    ///
    /// - Parameters:
    ///   - directory: the job directory.
    ///   - observer: this process.
    ///   - queue: the job directory as the user knows it.
    ///   - isCoordinating: whether this process is a coordinator.
    public init(_ directory: JobDirectory, seenFrom observer: HostIdentity, queue: String, isCoordinating: Bool = false)
    {
        self.directory = directory
        self.observer = observer
        self.queue = queue
        self.isCoordinating = isCoordinating
    }

    /// What is missing, as of a moment ago; nothing where that cannot be told, as in a directory that may only be read.
    public mutating func complaints(_ overview: QueueOverview, now: BootClock.Instant) -> [String] {
        guard looks.takeTurn(at: now) else { return complaints }
        let attendance = try? Attendance(directory, workers: overview.status.workers, seenFrom: observer)
        complaints = attendance?.complaints(overview, queue: queue, isCoordinating: isCoordinating) ?? []
        return complaints
    }
}
