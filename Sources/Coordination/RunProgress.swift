// SPDX-License-Identifier: MIT

private import Campaigns
private import JobStorage
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
    /// One line for each campaign: its jobs by kind, how much of all is done, and the time left by an estimate.
    ///
    /// Where nothing can be told of a campaign, its line says why.
    public func lines(estimate: ProgressEstimate?, now: BootClock.Instant) -> [String] {
        status.campaigns.map { campaign in
            if let problem = problems[campaign.id] { return "\(campaign.id): failed: \(problem)" }
            let kinds = campaign.jobs.sorted { Self.order($0.key) < Self.order($1.key) }.map { kind, jobs in
                let all = jobs.waiting + jobs.pending + jobs.running + jobs.done + jobs.failed
                let failed = jobs.failed > 0 ? " (\(jobs.failed) failed)" : ""
                return "\(kind) \(jobs.done)/\(all)\(failed)"
            }
            let fraction = progress[campaign.id] ?? 0
            var line =
                "\(campaign.id): \(campaign.state.rawValue), \(Int(fraction * 100))%, " + kinds.joined(separator: ", ")
            guard campaign.state == .running, let estimate else { return line }
            if let rate = estimate.rate(count: doneJobs, unit: "jobs", now: now) { line += ", \(rate)" }
            if let left = estimate.remaining(fraction: meanProgress, now: now) { line += ", \(TimeSpan(left)) left" }
            return line
        }
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

    /// What `status --json` prints.
    public func json() throws -> String { String(decoding: try canonicalJSON(status), as: UTF8.self) }

    /// Whether a worker could still do something.
    public var hasOpenJobs: Bool {
        status.campaigns.contains { campaign in
            !campaign.state.isFinal && campaign.jobs.values.contains { $0.waiting + $0.pending + $0.running > 0 }
        }
    }

    /// Starts to count from here.
    public func estimate(now: BootClock.Instant) -> ProgressEstimate {
        ProgressEstimate(fraction: meanProgress, count: doneJobs, now: now)
    }

    private var doneJobs: Int { status.campaigns.reduce(0) { $0 + $1.jobs.values.reduce(0) { $0 + $1.done } } }

    /// The mean progress of campaigns that are still running.
    public var meanProgress: Double {
        let running = status.campaigns.filter { $0.state == .running }
        guard !running.isEmpty else { return 1 }
        return running.reduce(0) { $0 + (progress[$1.id] ?? 0) } / Double(running.count)
    }

    private static func order(_ kind: String) -> String {
        ["activations": "0", "gram": "1", "hsic": "2", "lucid": "3"][kind] ?? kind
    }
}
