// SPDX-License-Identifier: MIT

private import Campaigns
private import JobStorage
public import SystemSupport

/// Turns how much is done into a rate and the time that is left.
public struct ProgressEstimate: Sendable {
    private let start: BootClock.Instant
    private let startFraction: Double

    /// Starts to count.
    public init(fraction: Double, now: BootClock.Instant) {
        start = now
        startFraction = fraction
    }

    /// The time left at the mean rate so far; nil while it cannot be told.
    public func remaining(fraction: Double, now: BootClock.Instant) -> Duration? {
        let gained = fraction - startFraction
        let (seconds, attoseconds) = start.duration(to: now).components
        let elapsed = Double(seconds) + Double(attoseconds) * 1e-18
        guard gained > 0, elapsed > 1 else { return nil }
        return .seconds(Int((elapsed * (1 - fraction) / gained).rounded(.up)))
    }
}

extension QueueOverview {
    /// One line for each campaign: its jobs by kind, how much of all is done, and the time left by an estimate.
    public func lines(estimate: ProgressEstimate?, now: BootClock.Instant) -> [String] {
        status.campaigns.map { campaign in
            let kinds = campaign.jobs.sorted { Self.order($0.key) < Self.order($1.key) }.map { kind, jobs in
                let all = jobs.waiting + jobs.pending + jobs.running + jobs.done + jobs.failed
                let failed = jobs.failed > 0 ? " (\(jobs.failed) failed)" : ""
                return "\(kind) \(jobs.done)/\(all)\(failed)"
            }
            let fraction = progress[campaign.id] ?? 0
            var line =
                "\(campaign.id): \(campaign.state.rawValue), \(Int(fraction * 100))%, " + kinds.joined(separator: ", ")
            if campaign.state == .running, let left = estimate?.remaining(fraction: meanProgress, now: now) {
                line += ", \(TimeSpan(left)) left"
            }
            return line
        }
    }

    /// One line for each worker that has not left.
    public var workerLines: [String] {
        status.workers.map { worker in
            let jobs =
                worker.jobs.isEmpty ? "" : ": \(worker.jobs.map { $0.description.prefix(8) }.joined(separator: ", "))"
            return "worker on \(worker.host), \(worker.state)\(jobs)"
        }
    }

    /// What `status --json` prints.
    public func json() throws -> String { String(decoding: try canonicalJSON(status), as: UTF8.self) }

    /// Whether a worker could still do something.
    public var hasOpenJobs: Bool {
        status.campaigns.contains { campaign in
            campaign.state == .running && campaign.jobs.values.contains { $0.waiting + $0.pending + $0.running > 0 }
        }
    }

    /// The mean progress of campaigns that are still running.
    public var meanProgress: Double {
        let running = status.campaigns.filter { $0.state == .running }
        guard !running.isEmpty else { return 1 }
        return running.reduce(0) { $0 + (progress[$1.id] ?? 0) } / Double(running.count)
    }

    private static func order(_ kind: String) -> String {
        ["activations": "0", "gram": "1", "hsic": "2"][kind] ?? kind
    }
}
