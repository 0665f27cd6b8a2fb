// SPDX-License-Identifier: MIT

import Foundation
import SimulationSupport
import Synchronization
import SystemSupport
import Testing

@Suite(.timeLimit(.minutes(120)))
struct SimulationTests {
    @Test func `campaigns end as undisturbed ones whatever goes wrong`() throws {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["LUCID_SEED"].flatMap({ UInt64($0) }) {
            try explain(Scenario(seed: seed), isTraced: environment["LUCID_TRACE"] != nil)
            return
        }
        let count =
            environment["LUCID_SEEDS"].flatMap { UInt64($0) } ?? (environment["LUCID_LONG"] == "1" ? 20_000 : 500)
        let start = BootClock().now
        let sum = Monitor((calls: 0, faults: 0, seconds: 0.0, failed: 0))
        let failing = try failingSeeds(in: 1...count) { outcome in
            sum.withLock {
                $0.calls += outcome.calls
                $0.faults += outcome.faults.count
                $0.seconds += outcome.seconds
                $0.failed += outcome.failedCampaigns
            }
        }
        let (calls, faults, seconds, failed) = sum.withLock { $0 }
        let time = start.duration(to: BootClock().now)
        print(
            "\(count) seeds in \(time): \(calls) calls, \(faults) faults, \(Int(seconds)) simulated seconds, "
                + "\(failed) campaigns failed for good"
        )
        for seed in failing.prefix(3) { try explain(Scenario(seed: seed), isTraced: false) }
        #expect(failing.isEmpty, "these seeds fail: \(failing)")
    }

    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func `the same seed gives the same trace`(seed: UInt64) throws {
        let outcomes = try (0..<2).map { _ in try Simulation.run(Scenario(seed: seed)) }
        #expect(outcomes[0].digest == outcomes[1].digest)
        #expect(outcomes[0].calls == outcomes[1].calls)
    }
}

/// The seeds of a range that break a rule, found on all processors.
func failingSeeds(
    in seeds: ClosedRange<UInt64>,
    _ look: @escaping @Sendable (Outcome) -> Void
) throws -> [UInt64] {
    let next = Atomic(seeds.lowerBound)
    let failing = Monitor<[UInt64]>([])
    try onThreads(processorCount(), named: "simulation") { _ in
        while true {
            let seed = next.wrappingAdd(1, ordering: .relaxed).oldValue
            guard seed <= seeds.upperBound else { return }
            let outcome = try Simulation.run(Scenario(seed: seed))
            look(outcome)
            if !outcome.violations.isEmpty { failing.withLock { $0.append(seed) } }
        }
    }
    return failing.withLock { $0.sorted() }
}

/// Prints what a seed does, and where it breaks a rule, the least that still does.
func explain(_ scenario: Scenario, isTraced: Bool) throws {
    var scenario = scenario
    scenario.isTraced = isTraced
    let outcome = try Simulation.run(scenario)
    for line in outcome.trace { print(line) }
    guard let violation = outcome.violations.first else {
        print(
            "seed \(scenario.seed): no rule is broken, in \(outcome.calls) calls with \(outcome.faults.count) faults (\(outcome.digest))"
        )
        return
    }
    print("seed \(scenario.seed): \(violation)")
    print("replay: LUCID_SEED=\(scenario.seed) LUCID_TRACE=1 swift test --filter 'SimulationTests/.campaigns end'")
    let shrunk = try Simulation.shrink(scenario)
    print("the least that still breaks a rule: \(shrunk.outcome.violations[0])")
    for (call, fault) in shrunk.outcome.faults { print("  call \(call): \(fault)") }
    if isTraced {
        for line in shrunk.outcome.trace { print("  \(line)") }
    }
    Issue.record("seed \(scenario.seed): \(violation)")
}
