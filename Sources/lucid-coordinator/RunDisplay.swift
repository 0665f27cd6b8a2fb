// SPDX-License-Identifier: MIT

import Coordination
import JobStorage
import SystemSupport

/// What `run` shows while it coordinates: campaigns that have not ended before, and workers that come and go.
struct RunDisplay {
    /// Looking who is there costs some files.
    private static let rhythm = Duration.seconds(10)

    /// The campaigns that had ended when it began.
    private(set) var endedBefore: Set<CampaignID> = []

    private let directory: JobDirectory
    private let identity: HostIdentity
    private let hasLocalWorkers: Bool
    private let progress = ProgressLine()
    private var observer: QueueObserver
    private var estimates = QueueEstimates()
    private var known: [WorkerName: String]?
    private var complaints: [String] = []
    private var nextLook: BootClock.Instant?

    init(_ directory: JobDirectory, _ identity: HostIdentity, localWorkers: Int) {
        self.directory = directory
        self.identity = identity
        hasLocalWorkers = localWorkers > 0
        observer = QueueObserver(directory, seenFrom: identity)
    }

    /// Looks where everything stands, and shows it.
    mutating func look() throws(FileError) -> QueueOverview {
        let now = BootClock().now
        let overview = try observer.look()
        if known == nil { endedBefore = overview.ended }
        // What a retry takes up again is news.
        endedBefore.formIntersection(overview.ended)
        estimates.see(overview, now: now)
        tellArrivals(overview.status.workers)
        if nextLook.map({ $0 <= now }) ?? true {
            nextLook = now.advanced(by: Self.rhythm)
            complaints = absences(overview)
        }
        let lines = overview.lines(estimates, hiding: endedBefore, listsEnds: false, now: now)
        progress.show(lines + [overview.fleetLine].compactMap { $0 } + complaints, now: now)
        return overview
    }

    /// Forgets what was shown, so that the next lines stand below it.
    func settle() { progress.settle() }

    private func absences(_ overview: QueueOverview) -> [String] {
        guard !hasLocalWorkers else { return [] }
        let attendance = try? Attendance(directory, workers: overview.status.workers, seenFrom: identity)
        return attendance?.complaints(overview, queue: "\(directory.root)", isCoordinating: true) ?? []
    }

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
