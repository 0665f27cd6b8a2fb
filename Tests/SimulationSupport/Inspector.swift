// SPDX-License-Identifier: MIT

internal import JobStorage
internal import SystemPackage
internal import SystemSupport

/// Checks after every step, on the server's own tree, that what must never happen has not happened.
struct Inspector: Sendable {
    /// A job of a campaign.
    struct Job: Hashable, Sendable {
        let campaign: CampaignID
        let id: JobID
    }

    /// An attempt at a job.
    struct Try: Hashable, Sendable {
        let job: Job
        let attempt: Attempt
    }

    private let campaigns: SimulatedCampaigns
    private let oracle: Oracle
    /// Where each job's tokens are.
    private var tokens: [Job: Set<[String]>] = [:]
    /// Every name that a token ever had.
    private var used: Set<[String]> = []
    /// The last attempt of each generation.
    private var last: [Job: [Int: Attempt]] = [:]
    /// The worker that listed an attempt.
    private var holders: [Try: WorkerName] = [:]
    /// Attempts that were taken back by a power cut, so that another worker may hold them too.
    private var revoked: Set<Try> = []
    /// The attempts in each worker's published list.
    private var lists: [WorkerName: Set<Try>] = [:]
    /// The attempts that are being computed, and by which process.
    private var computing: [Try: Int] = [:]
    /// The workers that said that they left.
    private var stopped: Set<String> = []
    /// How many attempts were counted as crashes of their workers.
    private(set) var crashes = 0
    /// How many generations of jobs there were beside each job's first.
    private(set) var restarts = 0
    /// Broken rules, in words.
    private(set) var violations: [String] = []

    init(_ campaigns: SimulatedCampaigns, _ oracle: Oracle) {
        self.campaigns = campaigns
        self.oracle = oracle
    }

    mutating func report(_ violation: String) { violations.append(violation) }

    private mutating func check(_ isFine: Bool, _ violation: @autoclosure () -> String) {
        if !isFine { report(violation()) }
    }

    // MARK: Names

    /// Takes in the names that one step changed.
    mutating func see(_ edits: [Tree.Edit], _ tree: Tree, by process: Actor) {
        var touched: Set<Job> = []
        for edit in edits where edit.kind != .added { permit(edit, edits, process) }
        for edit in edits {
            for (token, path) in tokens(of: edit, tree) {
                let job = Job(campaign: token.campaign, id: token.name.job)
                touched.insert(job)
                if edit.kind == .added {
                    arrive(token, path, job, tree)
                } else {
                    tokens[job]?.remove(path)
                }
            }
            if edit.kind == .added, edit.path.first == "reports", edit.path.last == "SUCCESS.json" {
                checkMerge(edit, tree)
            }
            if edit.kind == .added, edit.path.first == "ended" { checkNote(edit, tree) }
        }
        checkCounts(touched)
    }

    /// Takes in that a power cut undid some changes.
    mutating func see(undone edits: [Tree.Edit], _ tree: Tree) {
        var touched: Set<Job> = []
        for edit in edits {
            for (token, path) in tokens(of: edit, tree) {
                let job = Job(campaign: token.campaign, id: token.name.job)
                touched.insert(job)
                if edit.kind == .added {
                    tokens[job, default: []].insert(path)
                    last[job, default: [:]][token.name.attempt.generation] = token.name.attempt
                } else {
                    tokens[job]?.remove(path)
                    used.remove(path)
                    if token.name.folder == .running { revoked.insert(Try(job: job, attempt: token.name.attempt)) }
                }
            }
        }
        // A bucket whose publication was undone has no tokens.
        checkCounts(touched.filter { tokens[$0]?.isEmpty == false })
    }

    private mutating func checkCounts(_ jobs: Set<Job>) {
        for job in jobs.sorted(by: { ($0.campaign, $0.id) < ($1.campaign, $1.id) }) {
            let names = tokens[job] ?? []
            // Beside a token that was taken for lost and made again, the old one is void should it turn up.
            let generations = names.compactMap { path in
                TokenFolder(rawValue: path[0]).flatMap { TokenName(path[3], in: $0)?.attempt.generation }
            }
            let count = generations.count { $0 == generations.max() }
            let paths = names.map { $0.joined(separator: "/") }.sorted()
            check(count == 1, "job \(job.id) has \(count) tokens: \(paths)")
        }
    }

    /// The tokens that an edit concerns: one, or all in a bucket.
    private func tokens(of edit: Tree.Edit, _ tree: Tree) -> [(Token, [String])] {
        guard let folder = edit.path.first.flatMap({ TokenFolder(rawValue: $0) }), edit.path.count >= 3,
            let campaign = CampaignID(edit.path[1]), let bucket = BucketName(edit.path[2])
        else { return [] }
        let names =
            edit.path.count == 4 ? [edit.path[3]] : tree.nodes[edit.node].entries.keys.sorted()
        return names.compactMap { name in
            TokenName(name, in: folder).map {
                (Token(campaign: campaign, bucket: bucket, name: $0), Array(edit.path.prefix(3)) + [name])
            }
        }
    }

    private mutating func arrive(_ token: Token, _ path: [String], _ job: Job, _ tree: Tree) {
        tokens[job, default: []].insert(path)
        check(used.insert(path).inserted, "the name \(path.joined(separator: "/")) recurs")
        let attempt = token.name.attempt
        if let before = last[job]?[attempt.generation] {
            check(attempt.number >= before.number, "job \(job.id) went from attempt \(before) back to \(attempt)")
            if attempt.crashes > before.crashes { crashes += 1 }
            let isMore = attempt.crashes >= before.crashes && attempt.failures >= before.failures
            check(isMore, "the counts of job \(job.id) fell from \(before) to \(attempt)")
        }
        if last[job].map({ $0[attempt.generation] == nil }) ?? false { restarts += 1 }
        last[job, default: [:]][attempt.generation] = attempt
        if token.name.folder == .done { checkResult(of: token, tree) }
    }

    // MARK: Results

    private mutating func checkResult(of token: Token, _ tree: Tree) {
        do throws(ResultError) {
            let result = try oracle.look(tree) { (directory) throws(ResultError) in try directory.result(of: token) }
            let expected = campaigns.payload(of: token.name.job)
            check(result.result.payload == expected, "the result of \(token.name) is not its job's")
        } catch {
            report("\(token.name) is done, but its result is not there: \(error)")
            return
        }
        guard let worker = token.name.worker else { return }
        let attempt = token.name.attempt
        let name = "\(token.name.job).g\(attempt.generation).a\(attempt.number).\(worker)"
        let path = campaigns.actual(["results", "\(token.campaign)", "\(token.bucket)", name])
        check(tree.isDurable(path), "\(token.name) is done, but a power cut would lose its result")
    }

    private mutating func checkMerge(_ edit: Tree.Edit, _ tree: Tree) {
        guard let campaign = CampaignID(edit.path[1]), let plan = campaigns.plan(of: campaign) else { return }
        check(
            tree.nodes[edit.node].content == campaigns.mergedOutput(of: plan),
            "the merged output of \(campaign) is not that of an undisturbed run"
        )
    }

    /// Checks that a report outlives a power cut of which a note says that it is there.
    private mutating func checkNote(_ edit: Tree.Edit, _ tree: Tree) {
        guard let name = edit.path.last, name.hasSuffix(".done"),
            let campaign = campaigns.plans.map(\.campaign).first(where: { name.hasPrefix("\($0).") })
        else { return }
        let survives = tree.survives(["reports", "\(campaign)", "SUCCESS.json"])
        check(survives, "\(campaign) is noted as done, but a power cut would lose its report")
    }

    // MARK: Write once

    /// Checks that somebody may take a name away.
    private mutating func permit(_ edit: Tree.Edit, _ edits: [Tree.Edit], _ process: Actor) {
        let path = edit.path
        let what = "\(process.name) \(edit.kind == .replaced ? "replaced" : "took away") \(path.joined(separator: "/"))"
        let target = edits.last { $0.kind == .added }?.path
        switch path[0] {
        case "scratch":
            let isOwn = path.count > 1 && process.owns(path[1])
            let isLeft = path.count > 1 && (stopped.contains(path[1]) || !process.isAlive(path[1]))
            check(isOwn || (process.isCoordinator && isLeft), "\(what), which is not its own")
        case "reports", "hints", "ended":
            check(process.isCoordinator, what)
        case "heartbeats":
            check(process.isCoordinator && edit.kind == .removed && path.count == 2, what)
            let isLeft = path.count == 2 && (stopped.contains(path[1]) || !process.isAlive(path[1]))
            check(isLeft, "\(what), whose worker lives")
        case "pending", "running", "returned", "done":
            check(edit.kind == .removed && target != nil, what)
            guard !process.isCoordinator else { return }
            let isClaim = path[0] == "pending" && target?[0] == "running"
            let isEnd = path[0] == "running" && (target?[0] == "done" || target?[0] == "returned")
            check(isClaim || isEnd, what)
        case "arrays":
            let isQuarantine = edit.kind == .removed && target?.contains("bad") == true
            check(process.isCoordinator && isQuarantine, what)
        default: report(what)
        }
    }

    /// Takes in that a file's content is written in place.
    mutating func see(overwritten path: [String], by process: Actor) {
        let isFree =
            ["heartbeats", "logs", "scratch"].contains(path[0]) || path[0] == "reports" && process.isCoordinator
        check(isFree, "\(process.name) wrote over \(path.joined(separator: "/"))")
    }

    // MARK: Holding

    /// Takes in a whole heartbeat.
    mutating func see(beat worker: WorkerName, _ tree: Tree) {
        let beat = oracle.look(tree) { $0.heartbeat(of: worker) }
        guard let beat else { return }
        let held = beat.held.map { Try(job: Job(campaign: $0.campaign, id: $0.job), attempt: $0.attempt) }
        lists[worker] = Set(held)
        if beat.state == .stopped { stopped.insert("\(worker)") }
        for attempt in held where !revoked.contains(attempt) {
            if let other = holders[attempt] {
                check(
                    other == worker,
                    "\(other) and \(worker) both list attempt \(attempt.attempt) of \(attempt.job.id)"
                )
            }
            holders[attempt] = worker
        }
    }

    /// Takes in that a worker starts to compute what its scratch folder names; nil where that is not listed.
    mutating func see(start job: JobID, scratch: [String], process: Int) -> Try? {
        let names = scratch.suffix(2)
        let worker = names.first.flatMap { WorkerName($0) }
        let attempt = worker.flatMap { lists[$0] }?.first {
            $0.job.id == job && "\(job).g\($0.attempt.generation).a\($0.attempt.number)" == names.last
        }
        guard let attempt else {
            report("\(names.joined(separator: "/")) is computed, but not listed")
            return nil
        }
        if let other = computing[attempt], other != process, !revoked.contains(attempt) {
            report("two workers compute attempt \(attempt.attempt) of \(attempt.job.id)")
        }
        computing[attempt] = process
        return attempt
    }

    /// Takes in that a worker computes no more.
    mutating func see(end attempt: Try, process: Int) {
        if computing[attempt] == process { computing[attempt] = nil }
    }

    /// Takes in that a process is gone.
    mutating func see(gone process: Int) {
        computing = computing.filter { $0.value != process }
    }
}

/// Who did a step, as far as that decides what it may do.
struct Actor: Sendable {
    let name: String
    let isCoordinator: Bool
    /// Whether a scratch folder is this process's own.
    let owns: @Sendable (String) -> Bool
    /// Whether the process of a scratch folder still runs.
    let isAlive: @Sendable (String) -> Bool
}
