// SPDX-License-Identifier: MIT

public import JobStorage
public import SystemSupport

/// Looks at a queue again and again, and reads only what may have changed.
///
/// Plans and registrations never change, campaigns that have ended stay as they are, and workers that have left do
/// not come back. Campaigns that are noted to have ended cost one listing, however many there are.
public struct QueueObserver {
    private typealias Line = (campaign: QueueStatus.Campaign, progress: Double)

    /// Of so many campaigns that have ended, their jobs are counted unasked.
    public static let countedEnds = 20

    private let directory: JobDirectory
    private let countsAllEnds: Bool
    private let observer: HostIdentity
    private var plans: [CampaignID: JobPlan] = [:]
    /// What was last seen of each campaign.
    private var lines: [CampaignID: Line] = [:]
    private var registrations: [WorkerName: WorkerRegistration] = [:]
    private var departed: Set<WorkerName> = []
    private var control: ControlReader

    /// Starts with nothing seen; it tells the jobs of all campaigns that have ended where that is asked for, else only
    /// where they are few.
    public init(_ directory: JobDirectory, seenFrom observer: HostIdentity, countsAllEnds: Bool = false) {
        self.directory = directory
        self.countsAllEnds = countsAllEnds
        self.observer = observer
        control = ControlReader(directory)
    }

    /// Where everything stands now.
    public mutating func observe() throws(FileError) -> QueueOverview {
        // After a new word, campaigns that had ended may go on.
        if try control.refresh() { lines = lines.filter { $0.value.campaign.state == .done } }
        let beats = try self.beats()
        var held = HeldJobs(beats)
        var campaigns: [QueueStatus.Campaign] = []
        var progress: [CampaignID: Double] = [:]
        var problems: [CampaignID: String] = [:]
        let known = try directory.campaigns()
        try takeNotes(of: known)
        for id in known {
            let plan: JobPlan?
            do throws(PlanReadingError) { plan = try neededPlan(of: id) } catch {
                if case .file(let refusal) = error, refusal.isTransient { throw refusal }
                campaigns.append(QueueStatus.Campaign(id: id, state: .failed, jobs: [:]))
                problems[id] = "\(error)"
                continue
            }
            if let plan { lines[id] = try line(of: plan, &held) }
            guard let line = lines[id] else { continue }
            campaigns.append(line.campaign)
            progress[id] = line.progress
        }
        let status = QueueStatus(campaigns: campaigns, workers: workers(beats, held))
        return QueueOverview(status: status, progress: progress, problems: problems, held: held.progress)
    }

    /// Takes the word of notes for campaigns that were not seen to end.
    private mutating func takeNotes(of known: [CampaignID]) throws(FileError) {
        let unknown = known.filter { !(lines[$0]?.campaign.state.isFinal ?? false) }
        guard !unknown.isEmpty else { return }
        let notes = try directory.endNotes()
        let ended = unknown.compactMap { notes[$0] }.filter { $0.holds(control.state) }
        let isCounting = countsAllEnds || ended.count <= Self.countedEnds
        for note in ended {
            let jobs = isCounting ? directory.jobs(of: note) ?? [:] : [:]
            lines[note.campaign] = Line(
                campaign: QueueStatus.Campaign(id: note.campaign, state: note.state.campaignState, jobs: jobs),
                progress: QueueOverview.doneFraction(jobs)
            )
        }
    }

    /// The plan of a campaign that may still change; nil for one that was seen to end.
    private mutating func neededPlan(of campaign: CampaignID) throws(PlanReadingError) -> JobPlan? {
        if let line = lines[campaign], line.campaign.state.isFinal { return nil }
        if let plan = plans[campaign] { return plan }
        let plan = try directory.plan(of: campaign)
        plans[campaign] = plan
        return plan
    }

    private mutating func line(of plan: JobPlan, _ held: inout HeldJobs) throws(FileError) -> Line {
        let campaign = plan.campaign
        // First, so that what is merged is seen with all its jobs done.
        let isMerged = try directory.isMerged(campaign)
        let snapshot = try directory.scan(campaign)
        let running = held.record(snapshot, of: campaign)
        let counts = snapshot.counts(of: plan, control.state)
        let outcome = snapshot.outcome(of: plan, control.state)
        let state = QueueOverview.state(outcome, isMerged: isMerged, of: campaign, control.state)
        if state.isFinal { plans[campaign] = nil }
        return Line(
            campaign: QueueStatus.Campaign(id: campaign, state: state, jobs: counts),
            progress: QueueOverview.doneFraction(counts, running: running)
        )
    }

    /// The last words of the workers that have not left.
    private mutating func beats() throws(FileError) -> [WorkerName: Heartbeat] {
        var beats: [WorkerName: Heartbeat] = [:]
        for name in try directory.workersWithHeartbeat() where !departed.contains(name) {
            guard let beat = directory.heartbeat(of: name) else { continue }
            if beat.state == .stopped {
                departed.insert(name)
                registrations[name] = nil
            } else {
                beats[name] = beat
            }
        }
        return beats
    }

    /// The workers that have not left, with the jobs whose tokens they hold; a dead one only as long as it has any.
    private mutating func workers(_ beats: [WorkerName: Heartbeat], _ held: HeldJobs) -> [QueueStatus.Worker] {
        beats.sorted { $0.key < $1.key }.compactMap { name, beat in
            registrations[name] = registrations[name] ?? directory.registration(of: name)
            let isDead =
                registrations[name].map { directory.platform.isProvablyDead($0.identity, seenFrom: observer) }
                ?? false
            let jobs = held.jobs[name] ?? []
            guard !isDead || !jobs.isEmpty else { return nil }
            return QueueStatus.Worker(
                id: name,
                host: name.host,
                state: isDead ? "dead" : beat.state.rawValue,
                jobs: jobs
            )
        }
    }
}

/// The jobs that workers say they hold and whose tokens bear them out: one that was taken from a dead worker is its
/// successor's.
private struct HeldJobs {
    private let beats: [WorkerName: Heartbeat]
    /// By worker.
    private(set) var jobs: [WorkerName: [JobID]] = [:]
    /// How far each is.
    private(set) var progress: [JobID: Progress] = [:]

    init(_ beats: [WorkerName: Heartbeat]) {
        self.beats = beats
    }

    /// Takes in where the jobs of a campaign stand; how many jobs' worth is done of those that run.
    mutating func record(_ snapshot: CampaignSnapshot, of campaign: CampaignID) -> Double {
        var sum = 0.0
        for (name, beat) in beats {
            for attempt in beat.held where attempt.campaign == campaign {
                guard let token = snapshot.tokens[attempt.job], beat.lists(token), token.name.worker == name else {
                    continue
                }
                jobs[name, default: []].append(attempt.job)
                progress[attempt.job] = attempt.progress
                sum += attempt.progress.fraction
            }
        }
        return sum
    }
}
