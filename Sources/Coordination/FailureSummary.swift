// SPDX-License-Identifier: MIT

public import JobStorage
private import SystemSupport

/// Why jobs failed for good, in the words that workers left in their logs.
public struct FailureSummary: Sendable {
    /// A line for each of the first few jobs.
    public let lines: [String]

    /// How many jobs failed and how many a user gave up, in words.
    public static func count(of reasons: [JobID: Reason]) -> String {
        let cancelled = reasons.values.count { $0 == .cancelled }
        let failed = reasons.count - cancelled
        if failed == 0, cancelled > 0 { return "\(counted(cancelled, "job")) cancelled" }
        return "\(counted(failed, "job")) could not be done" + (cancelled == 0 ? "" : ", and \(cancelled) cancelled")
    }

    /// Looks up what the workers' logs say of some failed jobs.
    public init(of reasons: [JobID: Reason], in directory: JobDirectory) {
        let jobs = reasons.keys.sorted()
        var messages: [JobID: String] = [:]
        for record in LogReader(directory).records(of: Set(jobs.prefix(5))) where !record.message.isEmpty {
            messages[record.job] = record.message
        }
        var lines = jobs.prefix(5).map { job in
            "\(job): \(messages[job] ?? reasons[job]?.description ?? "unknown")"
        }
        if jobs.count > 5 { lines.append("and \(jobs.count - 5) more") }
        self.lines = lines
    }
}
