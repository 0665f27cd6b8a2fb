// SPDX-License-Identifier: MIT

import JobStorage
import SystemPackage
import SystemSupport

/// Checks that each job of a campaign has one token, and each done one a valid result.
struct CampaignVerification {
    private let directory: JobDirectory
    private let plan: JobPlan
    private let content: any CampaignContent
    private let onProgress: Verification.ProgressReport

    init(
        _ directory: JobDirectory,
        _ plan: JobPlan,
        content: any CampaignContent,
        onProgress: @escaping Verification.ProgressReport
    ) {
        self.directory = directory
        self.plan = plan
        self.content = content
        self.onProgress = onProgress
    }

    private var campaign: CampaignID { plan.campaign }

    func problems(_ checked: inout [String: Int]) throws -> [QueueProblem] {
        let published = Set(try directory.publishedBuckets(of: campaign))
        let isMerged = try directory.isMerged(campaign)
        let kept = isMerged ? try KeptArrays(directory: directory, content: content).arrays(of: campaign) : nil
        var lost: Set<FilePath> = []
        var problems: [QueueProblem] = []
        for (number, bucket) in plan.buckets.enumerated() where published.contains(bucket.name) {
            onProgress("checking jobs of \(campaign)", number, plan.buckets.count)
            // What is wrong at two looks; anything else was a job on its way.
            let first = try self.problems(of: bucket)
            if !first.isEmpty {
                let second = try self.problems(of: bucket)
                problems += second.filter { first.contains($0) }
            }
            problems += try resultProblems(of: bucket, keeping: kept, &lost)
            checked["jobs", default: 0] += bucket.jobs.count
        }
        return isMerged ? try problems + reportProblems(&checked) : problems
    }

    // MARK: The report

    private func reportProblems(_ checked: inout [String: Int]) throws -> [QueueProblem] {
        do {
            let report = try MergedReport(of: campaign, in: directory)
            let damage = try report.damage { onProgress("checking the report of \(campaign)", $0, $1) }
            checked["report files", default: 0] += report.digests.count
            return damage.map { [problem($0)] } ?? []
        } catch let damage as ReportDamage {
            return [problem(damage)]
        }
    }

    private func problem(_ damage: ReportDamage) -> QueueProblem {
        let path = relative(directory.reports(of: campaign))
        return QueueProblem(.damagedReport, campaign: campaign, path: path, damage.words, remedy: .merge(plan))
    }

    // MARK: Tokens

    private func problems(of bucket: JobPlan.Bucket) throws(FileError) -> [QueueProblem] {
        guard let published = try directory.published(bucket.name, of: campaign) else {
            return [
                QueueProblem(
                    .brokenBucket,
                    campaign: campaign,
                    path: FilePath("pending/\(campaign)/\(bucket.name)"),
                    "its file .published cannot be understood, so its jobs are not done; restore it from a backup"
                )
            ]
        }
        var snapshot = CampaignSnapshot()
        try directory.scan(bucket.name, of: campaign, into: &snapshot)
        var problems = snapshot.missingJobs(of: bucket).map { job in
            QueueProblem(
                .lostJob,
                campaign: campaign,
                job: job.id,
                "it has no token any more",
                remedy: .restoreToken(job, bucket.name)
            )
        }
        let known = Set(bucket.jobs.map(\.id)).union(published.omitted)
        var live: [JobID: [Token]] = [:]
        for folder in TokenFolder.allCases {
            for token in try directory.tokens(in: folder, bucket.name, of: campaign) {
                guard known.contains(token.name.job) else {
                    let path = relative(directory.path(of: token))
                    problems.append(QueueProblem(.stranger, campaign: campaign, path: path, "no job of the plan"))
                    continue
                }
                if token.name.reason != .superseded { live[token.name.job, default: []].append(token) }
            }
        }
        for job in bucket.jobs { problems += self.problems(of: job, live[job.id] ?? [], in: bucket) }
        return problems
    }

    private func problems(
        of job: JobSpecification,
        _ tokens: [Token],
        in bucket: JobPlan.Bucket
    ) -> [QueueProblem] {
        guard let generation = tokens.map(\.name.attempt.generation).max() else { return [] }
        var problems: [QueueProblem] = []
        let current = tokens.filter { $0.name.attempt.generation == generation }
        if current.count > 1 {
            let names = current.map { relative(directory.path(of: $0)).string }.sorted().joined(separator: ", ")
            problems.append(
                QueueProblem(
                    .repeatedJob,
                    campaign: campaign,
                    job: job.id,
                    "\(current.count) tokens of one generation: \(names)"
                )
            )
        }
        for token in tokens where token.name.attempt.generation < generation && token.name.folder != .failed {
            problems.append(
                QueueProblem(
                    .voidToken,
                    campaign: campaign,
                    job: job.id,
                    path: relative(directory.path(of: token)),
                    "generation \(generation) has made it void",
                    remedy: .supersede(token)
                )
            )
        }
        // A running token is its worker's, and of a done one only the result counts.
        for token in current where token.name.folder != .running && token.name.folder != .done {
            do throws(JobRecordError) { _ = try directory.specification(of: token) } catch {
                problems.append(
                    QueueProblem(
                        .brokenToken,
                        campaign: campaign,
                        job: job.id,
                        path: relative(directory.path(of: token)),
                        "\(error)",
                        remedy: .restoreToken(job, bucket.name)
                    )
                )
            }
        }
        return problems
    }

    // MARK: Results

    /// Looks at results, and for files that are lost: all, or those of the arrays that a merged campaign keeps.
    ///
    /// A file that several jobs would make is the first one's to make again.
    private func resultProblems(
        of bucket: JobPlan.Bucket,
        keeping kept: Set<FilePath>?,
        _ lost: inout Set<FilePath>
    ) throws -> [QueueProblem] {
        var problems = try ResultAgreement(directory).alarms(of: bucket.name, of: campaign).map { alarm in
            QueueProblem(.differingResults, campaign: campaign, job: alarm.job, "\(alarm)")
        }
        var snapshot = CampaignSnapshot()
        try directory.scan(bucket.name, of: campaign, into: &snapshot)
        for job in bucket.jobs {
            let token = snapshot.token(of: job.id, in: bucket.name)
            let state = snapshot.state(of: job.id, in: bucket.name)
            if let token {
                let ofResult = state == .done ? resultProblem(of: token, in: bucket) : nil
                let ofStanding = kept == nil ? nil : try strandedJob(token, in: bucket)
                problems += [ofResult, ofStanding].compactMap { $0 }
            }
            guard state == .done || kept != nil else { continue }
            for file in try filesLost(of: job, keeping: kept) where lost.insert(file).inserted {
                switch state {
                case .done: problems.append(lostFile(file, of: job, .reissue(job.id, token, bucket)))
                case .failed: problems.append(lostFile(file, of: job, .none))
                case .pending, .running, .returned, nil: break
                }
            }
        }
        return problems
    }

    private func filesLost(of job: JobSpecification, keeping kept: Set<FilePath>?) throws(FileError) -> [FilePath] {
        if kept?.isEmpty ?? false { return [] }
        var files = content.outputs(of: job)
        if let kept { files = files.filter { directory.array(holding: $0).map(kept.contains) ?? false } }
        var lost: [FilePath] = []
        for file in files where try !directory.fileSystem.isPresent(file) { lost.append(file) }
        return lost
    }

    private func lostFile(
        _ file: FilePath,
        of job: JobSpecification,
        _ remedy: QueueProblem.Remedy
    ) -> QueueProblem {
        let words =
            remedy == .none
            ? "it is gone, and could not be made again; see: lucid-coordinator why \(job.id) --queue \(directory.root)"
            : "the job is done, but what it made is gone"
        return QueueProblem(
            .lostFile,
            campaign: campaign,
            job: job.id,
            path: relative(file),
            words,
            remedy: remedy
        )
    }

    /// A job of a merged campaign that was started anew and that its worker gave back or left behind.
    private func strandedJob(_ token: Token, in bucket: JobPlan.Bucket) throws(FileError) -> QueueProblem? {
        let decision: SweepDecision
        switch token.name.standing {
        case .returned(_, let code):
            decision = .afterReturn(of: token.name.attempt, code: code, settings: directory.settings)
        case .running(let worker):
            guard directory.hasLeft(worker, seenFrom: try directory.platform.identity()) else { return nil }
            decision = .afterCrash(
                of: token.name.attempt,
                hasValidResult: (try? directory.result(of: token)) != nil,
                settings: directory.settings
            )
        default: return nil
        }
        return QueueProblem(
            .strandedJob,
            campaign: campaign,
            job: token.name.job,
            path: relative(directory.path(of: token)),
            "its worker gave it up, and coordinators do not look after a campaign that is merged",
            remedy: .settle(token, decision, bucket)
        )
    }

    private func resultProblem(of token: Token, in bucket: JobPlan.Bucket) -> QueueProblem? {
        do throws(ResultError) {
            _ = try directory.result(of: token)
            return nil
        } catch {
            return QueueProblem(
                .lostResult,
                campaign: campaign,
                job: token.name.job,
                path: relative(directory.path(of: token)),
                "the job is done, but its result cannot be used: \(error)",
                remedy: .reissue(token.name.job, token, bucket)
            )
        }
    }

    private func relative(_ path: FilePath) -> FilePath {
        var inside = path
        _ = inside.removePrefix(directory.root)
        return inside
    }
}
