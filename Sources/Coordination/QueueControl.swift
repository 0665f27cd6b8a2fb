// SPDX-License-Identifier: MIT

public import JobStorage
public import SystemPackage
private import SystemSupport

extension JobDirectory {
    /// Runs a body with a private folder that is gone afterwards, for a process that is no worker.
    ///
    /// - Throws: what the body throws; `FileError` where the folder cannot be made.
    public func withScratch<Result>(_ body: (FilePath) throws -> Result) throws -> Result {
        let name = try makeScratch(for: platform.identity())
        defer { try? removeScratch(of: name) }
        return try body(scratch(of: name))
    }
}

/// Carries out what users want of campaigns, jobs and workers.
///
/// What is wanted is written down first; whatever this process leaves undone, a coordinator does.
public struct QueueControl: Sendable {
    private let directory: JobDirectory

    /// Speaks to a job directory.
    public init(_ directory: JobDirectory) {
        self.directory = directory
    }

    /// Says what is wanted of a scope; see `ControlRecord.Verb`.
    ///
    /// - Throws: `FileError` where nobody can tell whether it was said.
    public func post(_ verb: ControlRecord.Verb, _ scope: ControlRecord.Scope, reason: String = "") throws {
        _ = try directory.withScratch { try directory.post(verb, scope, reason: reason, scratch: $0) }
    }

    /// Makes jobs claimable that failed or were cancelled.
    ///
    /// - Parameters:
    ///   - inquiry: where the jobs stand.
    ///   - scope: the queue, a campaign, or a job.
    /// - Throws: `FileError` where the directory refuses.
    /// - Returns: how many jobs are to be done after all.
    public func retry(_ inquiry: QueueInquiry, _ scope: ControlRecord.Scope) throws -> Int {
        // First, so that coordinators end no job as cancelled.
        try post(.retry, scope)
        let moved = try directory.withScratch { try retry(inquiry, scope, scratch: $0) }
        // Once more, since a coordinator that has read the first word may have found all jobs still failed, and noted that
        // the campaign has ended: now whoever took it for ended looks again.
        if moved > 0 { try post(.retry, scope) }
        return moved + unbegun(inquiry, scope)
    }

    /// How many jobs were given up before they had failed: the word alone lets them go on.
    private func unbegun(_ inquiry: QueueInquiry, _ scope: ControlRecord.Scope) -> Int {
        inquiry.jobs(in: .failed).count { entry in
            (scope.campaign == nil || scope.campaign == entry.campaign) && (scope.job == nil || scope.job == entry.id)
                && inquiry.observations[entry.campaign]?.snapshot.tokens[entry.id]?.name.folder != .failed
        }
    }

    private func retry(_ inquiry: QueueInquiry, _ scope: ControlRecord.Scope, scratch: FilePath) throws -> Int {
        var count = 0
        for campaign in inquiry.campaigns where scope.campaign == nil || scope.campaign == campaign {
            guard let observation = inquiry.observations[campaign] else { continue }
            for token in observation.snapshot.tokens.values.sorted(by: { $0.name.job < $1.name.job }) {
                guard token.name.folder == .failed, scope.job == nil || scope.job == token.name.job,
                    let bucket = observation.bucket(of: token.name.job)
                else { continue }
                if try directory.retry(token, priority: bucket.priority, scratch: scratch) == .moved { count += 1 }
            }
        }
        return count
    }

    /// Ends jobs that have not begun, and says that those that run are to be handed back.
    ///
    /// - Parameters:
    ///   - inquiry: where the jobs stand.
    ///   - scope: a campaign or a job.
    ///   - reason: why, in the user's words.
    /// - Throws: `FileError` where the directory refuses.
    /// - Returns: how many jobs were not done and will not be.
    public func cancel(_ inquiry: QueueInquiry, _ scope: ControlRecord.Scope, reason: String) throws -> Int {
        try post(.cancel, scope, reason: reason)
        let concerned = inquiry.jobs().filter { entry in
            entry.campaign == scope.campaign && (scope.job == nil || scope.job == entry.id)
                && entry.state != .done && entry.state != .failed
        }
        for entry in concerned {
            guard let observation = inquiry.observations[entry.campaign], let bucket = observation.bucket(of: entry.id),
                let token = observation.snapshot.token(of: entry.id, in: bucket.name)
            else { continue }
            if token.name.folder == .pending || token.name.folder == .returned { _ = try directory.cancel(token) }
        }
        return concerned.count
    }
}
