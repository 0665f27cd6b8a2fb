// SPDX-License-Identifier: MIT

internal import Coordination
internal import JobStorage
internal import Logging
internal import SystemPackage
internal import SystemSupport
internal import WorkerRuntime

/// Runs the real workers and coordinators on simulated machines, until all campaigns have ended.
public struct Simulation {
    private static let root = FilePath("/q")
    private static let quiet = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }

    private let scenario: Scenario
    private let campaigns: SimulatedCampaigns
    private let world: World
    private var random: SeededRandom
    private let workers: Int
    private let coordinators: Int
    /// What coordinators that saw everything end have reported.
    private let ends = Monitor<[CampaignID: CampaignEnd]>([:])
    private var registered: [CampaignID] = []
    /// What users are going to say, the first thing last.
    private var words: [(time: Duration, verb: ControlRecord.Verb, scope: ControlRecord.Scope)] = []
    /// The processes that are to run, by their place, and when those that ended are started again.
    private var places: [(process: Int, restart: Duration?)] = []

    /// Runs a scenario from beginning to end.
    public static func run(_ scenario: Scenario) throws -> Outcome {
        var simulation = try Simulation(scenario)
        return simulation.run()
    }

    private init(_ scenario: Scenario) throws {
        self.scenario = scenario
        var random = SeededRandom(scenario.seed, 0x51)
        let drawnWorkers = Int.random(in: 2...4, using: &random)
        let drawnCoordinators = Int.random(in: 1...2, using: &random)
        workers = scenario.workers ?? drawnWorkers
        coordinators = scenario.coordinators ?? drawnCoordinators
        self.random = random
        campaigns = try SimulatedCampaigns(
            seed: scenario.seed,
            scale: scenario.scale,
            safeguardOut: scenario.safeguardOut
        )
        let tree = try Self.emptyQueue.get()
        let oracle = try Oracle(
            tree,
            root: Self.root,
            platform: Stage(seed: scenario.seed),
            safeguardOut: scenario.safeguardOut
        )
        world = World(scenario, tree, Inspector(campaigns, oracle), machines: workers + 1)
        // The first strand is this one, which belongs to a process without a part in anything.
        world.addDirector()
    }

    /// What every simulation starts from.
    private static let emptyQueue = Result {
        let disk = StageFileSystem()
        _ = try JobDirectory.create(at: root, fileSystem: disk, platform: Stage(seed: 0))
        // The lease is shorter than a real one, and everything else as it is.
        let settings = """
            {"format":1,"run":"\(String(repeating: "5", count: 32))","bucketSize":1000,\
            "leaseSeconds":\(Int(Scenario.lease)),"heartbeatSeconds":1,"crashLimit":5,"failureLimit":3}
            """
        try disk.overwrite(root.below("queue.json"), contents: Array(settings.utf8))
        try disk.synchronizeAll(holding: root)
        return disk.tree
    }

    // MARK: Processes

    private func launchWorker(host: Int) -> Int {
        let (world, scenario) = (world, scenario)
        let isUntilEmpty = scenario.seed % 3 == 0
        let timeLimit: Duration? = (scenario.seed / 3 + UInt64(host)) % 5 == 0 ? .seconds(6) : nil
        let options = WorkerOptions(
            threads: 1,
            memoryBudget: 1 << 30,
            untilEmpty: isUntilEmpty,
            idleTimeout: nil,
            timeLimit: timeLimit,
            kinds: nil,
            versions: [:]
        )
        return world.launch("worker", isCoordinator: false, host: host) { process in
            let runners = SimulatedJob.Kind.allCases.map { kind in
                (kind.rawValue, SimulatedRunner(world: world, process: process, kind: kind) as any JobRunner)
            }
            do {
                let worker = try Worker(
                    Self.open(world, process),
                    options: options,
                    runners: Dictionary(uniqueKeysWithValues: runners),
                    logger: Self.quiet
                )
                world.onDeath(of: process) { worker.drain() }
                _ = worker.run()
            } catch {
                // It leaves, and is started again.
            }
        }
    }

    private func launchCoordinator(host: Int) -> Int {
        let (world, ends) = (world, ends)
        return world.launch("coordinator", isCoordinator: true, host: host) { process in
            let isStopping = Monitor(false)
            world.onDeath(of: process) { isStopping.withLock { $0 = true } }
            do {
                let directory = try Self.open(world, process)
                var loop = try CoordinationLoop(
                    directory,
                    content: SimulatedContent(directory: directory),
                    logger: Self.quiet
                )
                let seen = try loop.run(every: .seconds(1), until: isStopping)
                ends.withLock { $0.merge(seen) { first, _ in first } }
            } catch {
                // It leaves, and is started again.
            }
        }
    }

    private static func open(_ world: World, _ process: Int) throws -> JobDirectory {
        try JobDirectory.open(
            at: root,
            trustOwner: nil,
            fileSystem: Client(world: world, process: process),
            platform: SimulatedMachine(world: world, process: process)
        )
    }

    /// Workers have a machine each; the first coordinator shares one with a worker, the second has its own.
    private func launch(place: Int) -> Int {
        place < workers ? launchWorker(host: place) : launchCoordinator(host: (place - workers) * workers)
    }

    // MARK: Directing

    private mutating func run() -> Outcome {
        register(campaigns.plans[0])
        let secondCampaign = random.duration(0...8)
        planPause()
        let faultsEnd = Duration.seconds(30)
        let limit = Duration.seconds(30 + 40 * Scenario.lease)
        places = (0..<(workers + coordinators)).map { (launch(place: $0), nil) }
        while !hasEnded {
            let now = world.now
            if registered.count < campaigns.plans.count, now >= secondCampaign { register(campaigns.plans[1]) }
            if let word = words.last, now >= word.time {
                words.removeLast()
                say(word.verb, word.scope)
            }
            if now >= faultsEnd { world.endFaults() }
            if now >= limit {
                world.report("the campaigns did not end: \(ends.withLock { $0 })")
                break
            }
            if !world.isSound { break }
            restart(now)
            let times =
                places.compactMap(\.restart) + words.suffix(1).map(\.time) + [limit]
                + (now < faultsEnd ? [faultsEnd] : [])
                + (registered.count < campaigns.plans.count ? [secondCampaign] : [])
            world.waitForAttention(until: times.min() ?? limit)
        }
        leave()
        if world.isSound { checkEnds() }
        world.joinThreads()
        return world.outcome(failedCampaigns: ends.withLock { $0.values.count { $0 != .done } })
    }

    /// Starts again what has ended, after some time, as people or a batch system would.
    private mutating func restart(_ now: Duration) {
        for place in places.indices where world.hasEnded(places[place].process) {
            if let time = places[place].restart {
                guard time <= now else { continue }
                places[place] = (launch(place: place), nil)
            } else {
                places[place].restart = now + random.duration(0.1...3)
            }
        }
    }

    private mutating func register(_ plan: JobPlan) {
        registered.append(plan.campaign)
        do { try world.register(plan, root: Self.root, seed: scenario.seed) } catch { world.report("\(error)") }
    }

    /// Now and then a user pauses a campaign or everything for some time.
    private mutating func planPause() {
        guard random.happens(0.3) else { return }
        let start = random.duration(0...10)
        let scope: ControlRecord.Scope = random.happens(0.5) ? .queue : .campaign(campaigns.plans[0].campaign)
        words = [(start + random.duration(0.5...8), .resume, scope), (start, .pause, scope)]
    }

    private func say(_ verb: ControlRecord.Verb, _ scope: ControlRecord.Scope) {
        do { try world.say(verb, scope, root: Self.root, seed: scenario.seed) } catch { world.report("\(error)") }
    }

    private var hasEnded: Bool {
        // A report that somebody has seen is lost by a power cut until its name is durable.
        ends.withLock { ends in
            for (campaign, end) in ends where end == .done && world.content(Self.success(of: campaign)) == nil {
                ends[campaign] = nil
            }
        }
        return registered.count == campaigns.plans.count
            && ends.withLock { ends in registered.allSatisfy { ends[$0] != nil } }
    }

    /// Asks everything to leave, which takes no longer than a job's next look around; kills it where a rule was broken.
    private func leave() {
        world.endFaults()
        let isSound = world.isSound
        for place in places { isSound ? world.ask(toLeave: place.process) : world.kill(place.process) }
        let limit = world.now + .seconds(10 * Scenario.lease)
        while places.contains(where: { !world.hasEnded($0.process) }) {
            if world.now >= limit {
                world.report("\(places.count { !world.hasEnded($0.process) }) processes did not leave")
                for place in places { world.kill(place.process) }
                world.waitForAttention(until: world.now + .seconds(1000))
                break
            }
            world.waitForAttention(until: limit)
        }
        world.finishEvents()
    }

    // MARK: The end

    private static func success(of campaign: CampaignID) -> [String] { ["reports", "\(campaign)", "SUCCESS.json"] }

    private func checkEnds() {
        world.explainCrashes()
        world.explainRestarts()
        let ends = ends.withLock { $0 }
        for plan in campaigns.plans {
            switch ends[plan.campaign] {
            case nil: world.report("\(plan.campaign) did not end")
            case .cancelled: world.report("\(plan.campaign) was cancelled by nobody")
            case .broken(let message): world.report("\(plan.campaign) is broken: \(message)")
            case .failed(let reasons):
                // Where the maker of an input failed, whoever reads it fails with it.
                let isMakerLost = reasons.values.contains { $0 != .inputLost }
                for (job, reason) in reasons.sorted(by: { $0.key < $1.key })
                where !(isMakerLost && reason == .inputLost) {
                    world.explain(job, reason, plan)
                }
            case .done:
                if world.content(Self.success(of: plan.campaign)) != campaigns.mergedOutput(of: plan) {
                    world.report("the merged output of \(plan.campaign) is not that of an undisturbed run")
                }
            }
        }
    }
}
