// SPDX-License-Identifier: MIT

public import JobStorage
public import SystemSupport

/// Why a campaign stands where it stands, in the form that `why CAMPAIGN --json` prints.
public struct CampaignExplanation: Equatable, Codable, Sendable {
    /// The campaign.
    public let id: CampaignID
    /// Where it stands as a whole.
    public let state: QueueStatus.CampaignState
    /// Its jobs by kind.
    public let jobs: [String: JobCounts]
    /// The first few jobs that failed for good, and why.
    public let failed: [String]
    /// What it waits for, and what to do about it, in words.
    public let explanation: [String]

    /// The jobs for people: a line for each kind.
    public var jobLines: [String] {
        jobs.sorted { $0.key < $1.key }.map { kind, counts in
            let parts = [
                (counts.waiting, "waiting"), (counts.pending, "claimable"), (counts.running, "running"),
                (counts.done, "done"), (counts.failed, state == .cancelled ? "cancelled" : "failed"),
            ]
            return "\(kind): " + parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
        }
    }
}

extension QueueInquiry {
    /// Explains where a campaign that was looked at stands.
    ///
    /// - Parameters:
    ///   - campaign: the campaign.
    ///   - workers: the workers that are there.
    ///   - observer: this process.
    /// - Throws: `FileError` where the directory refuses.
    /// - Returns: the explanation.
    public func explanation(
        of campaign: CampaignID,
        workers: [QueueStatus.Worker],
        seenFrom observer: HostIdentity
    ) throws -> CampaignExplanation {
        guard let observation = observations[campaign] else {
            return CampaignExplanation(
                id: campaign,
                state: .failed,
                jobs: [:],
                failed: [],
                explanation: [problems[campaign] ?? "its plan cannot be read"]
            )
        }
        let state = QueueOverview.state(
            observation.snapshot.outcome(of: observation.plan, control),
            isMerged: try directory.isMerged(campaign),
            of: campaign,
            control
        )
        let jobs = observation.snapshot.counts(of: observation.plan, control)
        let failures = state == .cancelled ? [:] : failures(observation)
        let line = QueueStatus.Campaign(id: campaign, state: state, jobs: jobs)
        let overview = QueueOverview(
            status: QueueStatus(campaigns: [line], workers: workers),
            progress: [:],
            problems: [:]
        )
        var attendance = AttendanceWatch(directory, seenFrom: observer, queue: "\(directory.root)")
        let absent = attendance.complaints(overview, now: directory.platform.now)
        return CampaignExplanation(
            id: campaign,
            state: state,
            jobs: jobs,
            failed: FailureSummary(of: failures, in: directory).lines,
            explanation: words(for: line, failures, absent)
        )
    }

    private func failures(_ observation: Observation) -> [JobID: Reason] {
        var failures: [JobID: Reason] = [:]
        for bucket in observation.plan.buckets {
            for job in bucket.jobs {
                let entry = JobEntry(job.id, in: bucket, of: observation.plan.campaign, observation.snapshot, control)
                guard entry.state == .failed else { continue }
                failures[job.id] = observation.snapshot.token(of: job.id, in: bucket.name)?.name.reason ?? .cancelled
            }
        }
        return failures
    }

    private func words(
        for campaign: QueueStatus.Campaign,
        _ failures: [JobID: Reason],
        _ absent: [String]
    ) -> [String] {
        let queue = "--queue \(directory.root)"
        let failed = failures.isEmpty ? [] : [FailureSummary.count(of: failures)]
        switch campaign.state {
        case .done: return ["it is done; its report: \(directory.reports(of: campaign.id))"]
        case .cancelled:
            let reason = control.cancellation(of: campaign.id) ?? ""
            return [
                "it was cancelled" + (reason.isEmpty ? "" : ": \(reason)"),
                "to take it up again: lucid-coordinator retry \(campaign.id) \(queue)",
            ]
        case .failed:
            return failed + ["when the cause is mended: lucid-coordinator retry \(campaign.id) \(queue)"]
        case .paused:
            let scope = control.isPaused ? "" : "\(campaign.id) "
            return failed + [
                "\(control.isPaused ? "the queue" : "it") is paused; go on with: lucid-coordinator resume \(scope)\(queue)"
            ]
        case .running: return failed + Self.openWork(of: campaign) + absent
        }
    }

    /// What a campaign that is under way waits for.
    private static func openWork(of campaign: QueueStatus.Campaign) -> [String] {
        func sum(_ column: (JobCounts) -> Int) -> Int { campaign.jobs.values.reduce(0) { $0 + column($1) } }
        let (running, pending, waiting) = (sum(\.running), sum(\.pending), sum(\.waiting))
        var lines: [String] = []
        if running > 0 { lines.append("it waits for \(counted(running, "job")) that workers hold") }
        if pending > 0 { lines.append("it waits for a worker to claim \(counted(pending, "job"))") }
        if waiting > 0 { lines.append("\(counted(waiting, "job")) will be published when others are done") }
        return lines.isEmpty ? ["all its jobs are done; a coordinator merges what they gave next"] : lines
    }
}
