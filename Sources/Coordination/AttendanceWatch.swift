// SPDX-License-Identifier: MIT

public import JobStorage
public import SystemSupport

/// Says who is missing, for commands that show again and again where everything stands.
public struct AttendanceWatch {
    /// Looking who is there costs some files, and writes one.
    private static let rhythm = Duration.seconds(10)

    private let directory: JobDirectory
    private let observer: HostIdentity
    private let queue: String
    private let isCoordinating: Bool
    private var complaints: [String] = []
    private var nextLook: BootClock.Instant?

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
        if let nextLook, now < nextLook { return complaints }
        nextLook = now.advanced(by: Self.rhythm)
        let attendance = try? Attendance(directory, workers: overview.status.workers, seenFrom: observer)
        complaints = attendance?.complaints(overview, queue: queue, isCoordinating: isCoordinating) ?? []
        return complaints
    }
}
