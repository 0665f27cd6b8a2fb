// SPDX-License-Identifier: MIT

private import FoundationEssentials
public import JobStorage
private import SystemPackage
private import SystemSupport

/// Why jobs failed for good, in the words that workers left in their logs.
public struct FailureSummary: Sendable {
    /// A line for each of the first few jobs.
    public let lines: [String]

    /// Looks up what the workers' logs say of some failed jobs.
    public init(of reasons: [JobID: Reason], in directory: JobDirectory) {
        let jobs = reasons.keys.sorted()
        let messages = Self.messages(of: Set(jobs.prefix(5)), in: directory)
        var lines = jobs.prefix(5).map { job in
            "\(job): \(messages[job] ?? reasons[job]?.description ?? "unknown")"
        }
        if jobs.count > 5 { lines.append("and \(jobs.count - 5) more") }
        self.lines = lines
    }

    private static func messages(of jobs: Set<JobID>, in directory: JobDirectory) -> [JobID: String] {
        var messages: [JobID: String] = [:]
        let folder = directory.root.appending("logs")
        for name in (try? directory.fileSystem.names(in: folder).sorted()) ?? [] {
            guard let bytes = try? directory.fileSystem.contents(of: folder.appending(name), limit: 256 << 20) else {
                continue
            }
            for line in bytes.split(separator: UInt8(ascii: "\n")) {
                guard let record = try? JSONDecoder().decode(LogRecord.self, from: Data(line)),
                    jobs.contains(record.job), !record.message.isEmpty
                else { continue }
                messages[record.job] = record.message
            }
        }
        return messages
    }
}
