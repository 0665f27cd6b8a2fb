// SPDX-License-Identifier: MIT

import JobStorage
import SystemPackage
import SystemSupport
import Testing

/// A job directory that a test looks into while real programs work on it.
protocol ObservedQueue {
    /// Where the test sees it.
    var queue: FilePath { get }
}

extension ObservedQueue {
    /// The job directory.
    func directory() throws -> JobDirectory { try JobDirectory.open(at: queue, trustOwner: nil) }

    /// The tokens of a campaign in one folder.
    func tokens(_ folder: TokenFolder, of campaign: CampaignID) throws -> [Token] {
        try directory().scan(campaign).tokens.values.filter { $0.name.folder == folder }
    }

    /// The worker that a process is, once it is known.
    func name(of process: RunningProgram) throws -> WorkerName? {
        let directory = try directory()
        return try directory.workersWithHeartbeat().first {
            directory.registration(of: $0)?.identity.pid == process.pid
        }
    }

    /// Waits until a worker is in the middle of a job.
    func running(_ campaign: CampaignID, by process: RunningProgram) async throws -> Token {
        try await eventually("a job that process \(process.pid) runs") {
            guard let name = try name(of: process) else { return nil }
            return try tokens(.running, of: campaign).first { $0.name.worker == name }
        }
    }

    /// A file of a campaign's report.
    func report(_ campaign: CampaignID, _ name: String) throws -> [UInt8] {
        try LocalFileSystem().contents(of: directory().reports(of: campaign).appending(name), limit: 1 << 24)
    }
}
