// SPDX-License-Identifier: MIT

public import JobStorage

/// What a coordinator must know of its campaigns' content, which is all that it cannot see in the job directory.
public protocol CampaignContent: Sendable {
    /// Whether a job's output is there already, so that it need not run; asked once, when its bucket is published.
    func isAlreadyComplete(_ job: JobSpecification, of campaign: CampaignID) -> Bool

    /// Merges the results of a campaign into its reports, and writes `SUCCESS.json` there last.
    ///
    /// May be called again, also by two coordinators at once, until that file is there: the same results must give
    /// the same files.
    func merge(_ plan: PublicationPlan, results: CampaignResults) throws
}

/// The results that count, read one at a time.
public struct CampaignResults: Sendable {
    private let directory: JobDirectory
    private let snapshot: CampaignSnapshot

    init(_ directory: JobDirectory, _ snapshot: CampaignSnapshot) {
        self.directory = directory
        self.snapshot = snapshot
    }

    /// The result of a job; nil for one that was complete before and never ran.
    public func result(of job: JobSpecification) throws(ResultError) -> StoredResult? {
        guard let token = snapshot.tokens[job.id] else { return nil }
        return try directory.result(of: token)
    }
}

/// How a campaign ended.
public enum CampaignEnd: Equatable, Sendable {
    /// Its reports are complete.
    case done
    /// Some jobs failed for good, with these reasons.
    case failed([JobID: Reason])
    /// Its plan or results could not be used; the message says why.
    case broken(String)
}
