// SPDX-License-Identifier: MIT

import JobStorage
import Logging
import SystemSupport

/// What users have said, as this worker last read it: once in a heartbeat's time, whoever asks.
final class ControlWatch: Sendable {
    private struct Observation {
        var reader: ControlReader
        var start: Int?
        var looks: Rhythm
    }

    private let directory: JobDirectory
    private let worker: WorkerName
    private let logger: Logger
    private let now: @Sendable () -> BootClock.Instant
    private let observation: Monitor<Observation>
    private let isLooking = Monitor(false)

    init(
        _ directory: JobDirectory,
        _ worker: WorkerName,
        logger: Logger,
        now: @escaping @Sendable () -> BootClock.Instant
    ) {
        self.directory = directory
        self.worker = worker
        self.logger = logger
        self.now = now
        let looks = Rhythm(every: directory.settings.heartbeat)
        observation = Monitor(Observation(reader: ControlReader(directory), looks: looks))
    }

    /// Notes what was said before this worker came: a drain of the whole queue is not meant for it.
    func start() throws(FileError) {
        var reader = observation.withLock { $0.reader }
        try reader.refresh()
        let number = reader.state.number
        let time = now()
        let known = reader
        observation.withLock { observation in
            (observation.reader, observation.start) = (known, number)
            _ = observation.looks.takeTurn(at: time)
        }
    }

    /// What holds now.
    var state: ControlState { observation.withLock { $0.reader.state } }

    /// Whether this worker was told to leave.
    var isDraining: Bool {
        observation.withLock { $0.reader.state.drains(worker, since: $0.start ?? 0) }
    }

    /// Reads what is new, unless that was done a moment ago or is being done.
    func refresh() {
        let time = now()
        let isDue = observation.withLock { $0.looks.isDue(at: time) }
        guard isDue,
            isLooking.withLock({ isLooking in
                defer { isLooking = true }
                return !isLooking
            })
        else { return }
        defer { isLooking.withLock { $0 = false } }
        var reader = observation.withLock { $0.reader }
        do throws(FileError) { try reader.refresh() } catch {
            // What was known before still holds.
            logger.info("control not read", metadata: ["error": "\(error)"])
        }
        let known = reader
        observation.withLock { observation in
            observation.reader = known
            _ = observation.looks.takeTurn(at: time)
        }
    }
}
