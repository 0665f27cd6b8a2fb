// SPDX-License-Identifier: MIT

import Coordination
import JobStorage
import SystemSupport

/// What `run` shows while it coordinates: campaigns that have not ended before, and workers that come and go.
struct RunDisplay {
    /// The campaigns that had ended when it began.
    private(set) var endedBefore: Set<CampaignID> = []

    private let hasLocalWorkers: Bool
    private let progress = ProgressLine()
    private var observer: QueueObserver
    private var estimates = QueueEstimates()
    private var known: [WorkerName: String]?
    private var attendance: AttendanceWatch

    init(_ directory: JobDirectory, _ identity: HostIdentity, localWorkers: Int) {
        attendance = AttendanceWatch(directory, seenFrom: identity, queue: "\(directory.root)", isCoordinating: true)
        hasLocalWorkers = localWorkers > 0
        observer = QueueObserver(directory, seenFrom: identity)
    }

    /// Looks where everything stands, and shows it.
    mutating func refresh() throws(FileError) -> QueueOverview {
        let now = BootClock().now
        let overview = try observer.observe()
        if known == nil { endedBefore = overview.ended }
        // What a retry takes up again is news.
        endedBefore.formIntersection(overview.ended)
        estimates.update(overview, now: now)
        tellArrivals(overview.status.workers)
        let absences = hasLocalWorkers ? [] : attendance.complaints(overview, now: now)
        let lines = overview.lines(estimates, hiding: endedBefore, listsEnds: false, now: now)
        progress.show(lines + [overview.fleetLine].compactMap { $0 } + absences, now: now)
        return overview
    }

    /// Forgets what was shown, so that the next lines stand below it.
    func settle() { progress.settle() }

    /// Says which workers came, left or died since the last look.
    private mutating func tellArrivals(_ workers: [QueueStatus.Worker]) {
        let states = Dictionary(workers.map { ($0.id, $0.state) }) { first, _ in first }
        defer { known = states }
        guard let known else { return }
        var lines: [String] = []
        for worker in workers where known[worker.id] == nil && worker.state != "dead" {
            lines.append("a worker came: \(worker.id)")
        }
        for (name, state) in known.sorted(by: { $0.key < $1.key }) {
            switch (state, states[name]) {
            case ("dead", _): break
            case (_, "dead"): lines.append("a worker died: \(name); its job is given to another")
            case (_, nil): lines.append("a worker left: \(name)")
            default: break
            }
        }
        guard !lines.isEmpty else { return }
        progress.settle()
        for line in lines { Terminal.note(line) }
    }
}
