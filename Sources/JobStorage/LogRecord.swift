// SPDX-License-Identifier: MIT

/// One line of a worker's or coordinator's log: how an attempt ended.
public struct LogRecord: Codable, Equatable, Sendable {
    /// Seconds since 1970 on the worker's clock, for people.
    public let time: Double
    /// The campaign.
    public let campaign: CampaignID
    /// The job.
    public let job: JobID
    /// The attempt.
    public let attempt: Attempt
    /// Whose attempt it was; nil where nobody had claimed it.
    public let worker: WorkerName?
    /// "done", "fenced", the code with which the job was given back, or what a coordinator made of it: "crashed".
    public let outcome: String
    /// Why, in words.
    public let message: String

    /// States how the attempt of a token ended.
    public init(_ token: Token, time: Double, outcome: String, message: String) {
        self.time = time
        campaign = token.campaign
        job = token.name.job
        attempt = token.name.attempt
        worker = token.name.worker
        self.outcome = outcome
        self.message = message
    }
}
