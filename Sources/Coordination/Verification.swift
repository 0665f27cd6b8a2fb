// SPDX-License-Identifier: MIT

private import JobKinds
public import JobStorage
private import SystemPackage

/// A look at whether each job in a job directory is where it must be, and each file what was written.
///
/// Jobs may move meanwhile: what seems wrong with a token counts only if a second look shows the same.
public struct Verification: Sendable {
    /// What is being looked at, for people who wait: a few words, how much is done, and how much there is.
    public typealias ProgressReport = @Sendable (_ what: String, _ done: Int, _ total: Int) -> Void

    /// What is wrong.
    public let problems: [QueueProblem]
    /// How many things were looked at, by kind.
    public let checked: [String: Int]

    /// Looks at everything.
    ///
    /// - Parameters:
    ///   - directory: the job directory.
    ///   - content: what its campaigns' jobs make.
    ///   - onProgress: is told how far the look is.
    /// - Throws: `FileError` where the directory cannot be read.
    public init(
        _ directory: JobDirectory,
        content: any CampaignContent,
        onProgress: @escaping ProgressReport
    ) throws {
        var problems = try StrangerSearch(directory).problems()
        var checked: [String: Int] = [:]
        for campaign in try directory.campaigns() {
            let plan: JobPlan
            do { plan = try directory.plan(of: campaign) } catch {
                problems.append(QueueProblem(.brokenPlan, campaign: campaign, "\(error)"))
                continue
            }
            let check = CampaignVerification(directory, plan, content: content, onProgress: onProgress)
            problems += try check.problems(&checked)
        }
        let arrays = ArrayVerification(directory, content: content, onProgress: onProgress)
        problems += try arrays.problems(&checked)
        self.problems = problems
        self.checked = checked
    }

    /// What `verify --json` prints.
    public struct Summary: Encodable, Sendable {
        let problems: [QueueProblem]
        let checked: [String: Int]
    }

    /// The problems and counts, for JSON.
    public var summary: Summary { Summary(problems: problems, checked: checked) }
}
