// SPDX-License-Identifier: MIT

public import JobStorage
public import SystemPackage

/// Something in a job directory that should not be so.
public struct QueueProblem: Equatable, Encodable, Sendable {
    /// What is wrong.
    public enum Kind: String, Codable, Sendable {
        /// A campaign whose plan cannot be used.
        case brokenPlan = "broken-plan"
        /// A published bucket that says nothing of itself.
        case brokenBucket = "broken-bucket"
        /// A job of a published bucket without any token.
        case lostJob = "lost-job"
        /// A job with several tokens of its highest generation.
        case repeatedJob = "repeated-job"
        /// A token that a higher generation has made void.
        case voidToken = "void-token"
        /// A token whose record cannot be worked from.
        case brokenToken = "broken-token"
        /// A done job without a valid result.
        case lostResult = "lost-result"
        /// Two results of a job that contradict each other.
        case differingResults = "differing-results"
        /// A done job's file of an array is missing, though its campaign is not complete, or its report names the array.
        case lostFile = "lost-file"
        /// A job of a merged campaign that was started anew and that nobody will go on with.
        case strandedJob = "stranded-job"
        /// A file of an array, or of the cache, is not what was written.
        case damagedFile = "damaged-file"
        /// Files of a complete report are missing or are not what was written.
        case damagedReport = "damaged-report"
        /// A file that no part of the protocol has put there.
        case stranger
    }

    /// What is wrong.
    public let kind: Kind
    /// The campaign that it is of.
    public let campaign: CampaignID?
    /// The job that it is of.
    public let job: JobID?
    /// Where it is, below the job directory.
    public let path: FilePath?
    /// What is wrong, in words, and what follows.
    public let message: String
    /// What `repair` needs to know of it.
    let remedy: Remedy

    /// What can be done about a problem.
    enum Remedy: Equatable, Sendable {
        /// Nothing that a program should decide.
        case none
        /// Restore the job's token.
        case restoreToken(JobSpecification, BucketName)
        /// Reissue the done job.
        case reissue(JobID, Token?, JobPlan.Bucket)
        /// Let the job go on, or fail, as a coordinator would.
        case settle(Token, SweepDecision, JobPlan.Bucket)
        /// Move the token to `failed`.
        case supersede(Token)
        /// Move the file away; reissue its maker where there is one.
        case quarantine(FilePath)
        /// Merge the campaign again.
        case merge(JobPlan)
        /// Move the cached file to the trash.
        case discard(FilePath)
    }

    init(
        _ kind: Kind,
        campaign: CampaignID? = nil,
        job: JobID? = nil,
        path: FilePath? = nil,
        _ message: String,
        remedy: Remedy = .none
    ) {
        self.kind = kind
        self.campaign = campaign
        self.job = job
        self.path = path
        self.message = message
        self.remedy = remedy
    }

    /// Whether `repair` can do something about it.
    public var isRepairable: Bool { remedy != .none }

    enum CodingKeys: String, CodingKey {
        case kind, campaign, job, path, message, repairable
    }

    /// Writes every key, null where there is nothing to say.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(kind, forKey: .kind)
        try container.encode(campaign, forKey: .campaign)
        try container.encode(job, forKey: .job)
        try container.encode(path?.string, forKey: .path)
        try container.encode(message, forKey: .message)
        try container.encode(isRepairable, forKey: .repairable)
    }

    /// The problem for people: a line.
    public var line: String {
        let place = [campaign?.description, job?.description, path?.string].compactMap { $0 }.joined(separator: " ")
        return "\(kind.rawValue): \(place): \(message)"
    }
}
