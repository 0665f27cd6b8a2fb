// SPDX-License-Identifier: MIT

public import SystemSupport

/// How many workers there are, asked anew now and then.
public struct Fleet: Sendable {
    private static let rhythm = Duration.seconds(60)

    private let directory: JobDirectory
    private var departed: Set<WorkerName> = []
    private var lastCount = 1
    private var nextLook: BootClock.Instant?

    /// Starts with nothing counted.
    public init(_ directory: JobDirectory) {
        self.directory = directory
    }

    /// The workers that have not said that they left, a minute ago at most.
    ///
    /// Who has left does not come back, so its heartbeat is read no more.
    public mutating func size(now: BootClock.Instant) -> Int {
        if let nextLook, now < nextLook { return lastCount }
        nextLook = now.advanced(by: Self.rhythm)
        guard let names = try? directory.workersWithHeartbeat() else { return lastCount }
        for name in names where !departed.contains(name) {
            if directory.heartbeat(of: name)?.state == .stopped { departed.insert(name) }
        }
        lastCount = max(1, names.count - departed.count)
        return lastCount
    }
}
