// SPDX-License-Identifier: MIT

private import Campaigns
public import JobStorage
public import SystemSupport

/// Turns how much is done into a rate and the time that is left.
public struct ProgressEstimate: Sendable {
    private let start: BootClock.Instant
    private let startFraction: Double
    private let startCount: Int

    /// Starts to count: how much of all is done, and how many pieces of it.
    public init(fraction: Double, count: Int, now: BootClock.Instant) {
        start = now
        startFraction = fraction
        startCount = count
    }

    /// How many pieces are done a second or a minute; nil while it cannot be told.
    public func rate(count: Int, unit: String, now: BootClock.Instant) -> String? {
        let elapsed = seconds(until: now)
        guard count > startCount, elapsed > 1 else { return nil }
        let rate = Double(count - startCount) / elapsed
        return rate >= 10 ? "\(Int(rate)) \(unit)/s" : "\(Int(rate * 60)) \(unit)/min"
    }

    private func seconds(until now: BootClock.Instant) -> Double {
        let (seconds, attoseconds) = start.duration(to: now).components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }

    /// The time left at the mean rate so far; nil while it cannot be told.
    public func remaining(fraction: Double, now: BootClock.Instant) -> Duration? {
        let gained = fraction - startFraction
        let elapsed = seconds(until: now)
        guard gained > 0, elapsed > 1 else { return nil }
        return .seconds(Int((elapsed * (1 - fraction) / gained).rounded(.up)))
    }
}

extension QueueOverview {
    /// One line for each campaign: its jobs by kind, how much of it is done, and the time left by an estimate.
    ///
    /// Where nothing can be told of a campaign, its line says why.
    ///
    /// - Parameters:
    ///   - estimates: what was seen before, where rates are wanted.
    ///   - hidden: campaigns without a line.
    ///   - listsEnds: whether campaigns that are done have a line each, however many they are.
    ///   - now: the time of the look.
    /// - Returns: the lines.
    public func lines(
        _ estimates: QueueEstimates? = nil,
        hiding hidden: Set<CampaignID> = [],
        listsEnds: Bool = true,
        now: BootClock.Instant
    ) -> [String] {
        let shown = status.campaigns.filter { !hidden.contains($0.id) }
        let done = shown.count { $0.state == .done }
        guard !listsEnds, done > QueueObserver.countedEnds else { return shown.map { line($0, estimates, now) } }
        return ["\(counted(done, "campaign", "is", "are")) done; list them with: status --all"]
            + shown.filter { $0.state != .done }.map { line($0, estimates, now) }
    }

    private func line(_ campaign: QueueStatus.Campaign, _ estimates: QueueEstimates?, _ now: BootClock.Instant)
        -> String
    {
        if let problem = problems[campaign.id] { return "\(campaign.id): failed: \(problem)" }
        var parts = [campaign.state.rawValue]
        let fraction = progress[campaign.id] ?? 0
        if !campaign.jobs.isEmpty { parts.append("\(Int(fraction * 100))%") }
        parts += campaign.jobs.sorted { Self.order($0.key) < Self.order($1.key) }.map { kind, jobs in
            let all = jobs.waiting + jobs.pending + jobs.running + jobs.done + jobs.failed
            // A cancelled job counts as failed, but nothing went wrong.
            let failed = jobs.failed > 0 && campaign.state != .cancelled ? " (\(jobs.failed) failed)" : ""
            return "\(kind) \(jobs.done)/\(all)\(failed)"
        }
        if campaign.state == .running, let estimate = estimates?[campaign.id] {
            if let rate = estimate.rate(count: campaign.doneJobs, unit: "jobs", now: now) { parts.append(rate) }
            if let left = estimate.remaining(fraction: fraction, now: now) { parts.append("\(TimeSpan(left)) left") }
        }
        return "\(campaign.id): " + parts.joined(separator: ", ")
    }

    /// One line for each worker that has not left.
    public var workerLines: [String] {
        status.workers.map { worker in
            let jobs = worker.jobs.map { job in
                let progress =
                    held[job].map { progress in
                        progress.text.isEmpty ? "" : " (\(Int(progress.fraction * 100))%: \(progress.text))"
                    } ?? ""
                return "\(job.description.prefix(8))\(progress)"
            }
            return "worker on \(worker.host), \(worker.state)"
                + (jobs.isEmpty ? "" : ": \(jobs.joined(separator: ", "))")
        }
    }

    /// How many workers there are and what they are at; nil where there are none.
    public var fleetLine: String? {
        guard !status.workers.isEmpty else { return nil }
        let counts = status.workers.reduce(into: [String: Int]()) { $0[$1.state, default: 0] += 1 }
        let parts = counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        return "\(counted(status.workers.count, "worker")): \(parts.joined(separator: ", "))"
    }

    /// Campaigns that have ended.
    public var ended: Set<CampaignID> { Set(status.campaigns.filter(\.state.isFinal).map(\.id)) }

    /// Whether a campaign's jobs are all done and its report is still to be written.
    var isMergeLeft: Bool {
        status.campaigns.contains { campaign in
            campaign.state == .running && campaign.jobs.values.allSatisfy { $0.waiting + $0.pending + $0.running == 0 }
        }
    }

    /// What `status --json` prints.
    public func json() throws -> String { String(decoding: try canonicalJSON(status), as: UTF8.self) }

    /// Whether a worker could still do something.
    public var hasOpenJobs: Bool {
        status.campaigns.contains { campaign in
            !campaign.state.isFinal && campaign.jobs.values.contains { $0.waiting + $0.pending + $0.running > 0 }
        }
    }

    private static func order(_ kind: String) -> String {
        ["activations": "0", "gram": "1", "hsic": "2", "lucid": "3"][kind] ?? kind
    }
}

extension QueueStatus.Campaign {
    /// How many of its jobs are done.
    var doneJobs: Int { jobs.values.reduce(0) { $0 + $1.done } }
}

/// Rates and times left, of each campaign by itself, since it was first seen to run.
public struct QueueEstimates: Sendable {
    private var estimates: [CampaignID: ProgressEstimate] = [:]

    /// Starts with nothing seen.
    public init() {}

    /// Starts to count for campaigns that run now.
    public mutating func update(_ overview: QueueOverview, now: BootClock.Instant) {
        for campaign in overview.status.campaigns {
            guard campaign.state == .running else {
                // After a pause, the time before it says nothing.
                estimates[campaign.id] = nil
                continue
            }
            guard estimates[campaign.id] == nil else { continue }
            estimates[campaign.id] = ProgressEstimate(
                fraction: overview.progress[campaign.id] ?? 0,
                count: campaign.doneJobs,
                now: now
            )
        }
    }

    subscript(campaign: CampaignID) -> ProgressEstimate? { estimates[campaign] }
}
