// SPDX-License-Identifier: MIT

public import JobStorage
public import SystemPackage
private import SystemSupport

/// What a coordinator must know of its campaigns' content, which is all that it cannot see in the job directory.
public protocol CampaignContent: Sendable {
    /// Whether a job's output is there already, so that it need not run; asked once, when its bucket is published.
    func isAlreadyComplete(_ job: JobSpecification, of campaign: CampaignID) -> Bool

    /// Merges the results of a campaign into its reports, and writes `SUCCESS.json` there last.
    ///
    /// May be called again, also by two coordinators at once, until that file is there: the same results must give
    /// the same files. Throws `UnusableResult` where a job's result is to be made again.
    func merge(_ plan: JobPlan, results: CampaignResults) throws

    /// Whether something of a campaign can be merged before all is there; asked again and again, so the answer is quick.
    func mergesParts(of campaign: CampaignID) throws -> Bool

    /// Merges what is there of a campaign that is under way, or that will not be complete, for some moments.
    ///
    /// - Parameters:
    ///   - plan: the campaign's plan.
    ///   - results: the results that are there.
    ///   - phase: whether more will come.
    /// - Throws: `UnusableResult` where a job's result is to be made again.
    /// - Returns: whether there is more to be merged at once.
    func mergePart(_ plan: JobPlan, results: CampaignResults, phase: CampaignPhase) throws -> Bool

    /// Sees to it that what was merged in parts here has not outlived another coordinator's merge of the whole.
    ///
    /// Called once, where a campaign that this coordinator worked on has been merged by another.
    func giveWay(_ plan: JobPlan) throws

    /// The files below `arrays` that a job makes.
    func outputs(of job: JobSpecification) -> [FilePath]

    /// The directories of the arrays that a job reads.
    func arraysRead(by job: JobSpecification) -> [FilePath]

    /// The directories of the arrays that a campaign gives its user beside its reports, whether they are still there or
    /// not.
    func arraysGiven(by campaign: CampaignID) throws -> [FilePath]

    /// Whether a file that some job makes and that is there is free of damage, as far as can be told.
    func isReadable(_ file: FilePath) -> Bool
}

extension CampaignContent {
    /// Not where a merge needs all results.
    public func mergesParts(of campaign: CampaignID) throws -> Bool { false }

    /// Nothing, where a merge needs all results.
    public func mergePart(
        _ plan: JobPlan,
        results: CampaignResults,
        phase: CampaignPhase
    ) throws -> Bool { false }

    /// Nothing, where nothing is merged in parts.
    public func giveWay(_ plan: JobPlan) throws {}

    /// None, where jobs make results alone.
    public func outputs(of job: JobSpecification) -> [FilePath] { [] }

    /// None, where reports are all that a campaign gives.
    public func arraysGiven(by campaign: CampaignID) throws -> [FilePath] { [] }

    /// None, where jobs read no arrays.
    public func arraysRead(by job: JobSpecification) -> [FilePath] { [] }

    /// Always, where jobs make results alone.
    public func isReadable(_ file: FilePath) -> Bool { true }
}

/// The results that count, read one at a time.
public struct CampaignResults: Sendable {
    private let directory: JobDirectory
    private let tokens: [JobID: Token]

    init(_ directory: JobDirectory, _ snapshot: CampaignSnapshot) {
        self.directory = directory
        tokens = Dictionary(snapshot.tokens.values.map { ($0.name.job, $0) }) { first, _ in first }
    }

    /// Whether a job is done and its result is there to be read.
    public func isDone(_ job: JobID) -> Bool { tokens[job]?.name.folder == .done }

    /// The result of a job; nil for one that was complete before and never ran.
    ///
    /// - Throws: `UnusableResult` for a result that is lost or damaged; `ResultError` where the disk refuses.
    public func result(of job: JobSpecification) throws -> StoredResult? {
        guard let token = tokens[job.id] else { return nil }
        var triesLeft = 3
        while true {
            triesLeft -= 1
            do throws(ResultError) {
                return try directory.result(of: token)
            } catch {
                if case .unreadable(let refusal) = error, refusal.isEnvironmental { throw error }
                guard triesLeft > 0 else { throw UnusableResult(job: job.id, reason: "\(error)") }
            }
        }
    }
}

/// The result of a job that cannot be merged, so that the job is to be done again.
public struct UnusableResult: Error, Equatable, Sendable, CustomStringConvertible {
    /// The job.
    public let job: JobID
    /// What is wrong with its result.
    public let reason: String

    /// States what is wrong with a result.
    public init(job: JobID, reason: String) {
        self.job = job
        self.reason = reason
    }

    /// What is wrong, and with which job's result.
    public var description: String { "the result of job \(job) cannot be used: \(reason)" }
}

/// How a campaign ended.
public enum CampaignEnd: Equatable, Sendable {
    /// Its reports are complete.
    case done
    /// Some jobs failed for good, with these reasons.
    case failed([JobID: Reason])
    /// A user cancelled it, for this reason; what was running has ended.
    case cancelled(String)
    /// Its plan or results could not be used; the message says why.
    case broken(String)
}
