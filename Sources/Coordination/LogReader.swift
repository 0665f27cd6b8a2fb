// SPDX-License-Identifier: MIT

private import FoundationEssentials
public import JobStorage
private import SystemPackage
private import SystemSupport

/// Finds what workers and coordinators wrote of some jobs, among all that they wrote.
public struct LogReader: Sendable {
    private static let fileLimit = 1 << 30

    private let directory: JobDirectory

    /// Reads the logs of a job directory.
    public init(_ directory: JobDirectory) {
        self.directory = directory
    }

    /// The records of some jobs in the order of their attempts, and of their times within one.
    ///
    /// A log that cannot be read, and a line that was cut short by a crash, are passed over.
    ///
    /// - Parameters:
    ///   - jobs: the jobs.
    ///   - campaign: their campaign; any where nil.
    /// - Returns: the records.
    public func records(of jobs: Set<JobID>, in campaign: CampaignID? = nil) -> [LogRecord] {
        guard !jobs.isEmpty else { return [] }
        let folder = directory.root.appending("logs")
        var records: [LogRecord] = []
        for name in (try? directory.fileSystem.names(in: folder).sorted()) ?? [] where name.hasSuffix(".jsonl") {
            guard let bytes = try? directory.fileSystem.contents(of: folder.appending(name), limit: Self.fileLimit)
            else { continue }
            for line in bytes.split(separator: UInt8(ascii: "\n")) where Self.mayBeOf(jobs, line) {
                guard let record = try? JSONDecoder().decode(LogRecord.self, from: Data(line)),
                    jobs.contains(record.job), campaign == nil || record.campaign == campaign
                else { continue }
                records.append(record)
            }
        }
        return records.sorted {
            ($0.attempt.generation, $0.attempt.number, $0.time) < ($1.attempt.generation, $1.attempt.number, $1.time)
        }
    }

    /// Looks for a job's name before the line is parsed: a log of a million lines has few of one job.
    private static func mayBeOf(_ jobs: Set<JobID>, _ line: ArraySlice<UInt8>) -> Bool {
        let key = Array("\"job\":\"".utf8)
        var rest = line
        while let quote = rest.firstIndex(of: key[0]) {
            rest = rest[quote...]
            if rest.starts(with: key) { break }
            rest = rest.dropFirst()
        }
        let name = rest.dropFirst(key.count).prefix(32)
        return JobID(String(decoding: name, as: UTF8.self)).map { jobs.contains($0) } ?? false
    }
}
