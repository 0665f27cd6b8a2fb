// SPDX-License-Identifier: MIT

import SimulationSupport
import Testing

@Suite(.timeLimit(.minutes(120)))
struct SafeguardTests {
    @Test(arguments: Safeguard.allCases)
    func `without a safeguard some seed breaks a rule`(safeguard: Safeguard) throws {
        let (scenario, outcome) = try #require(try firstBroken(without: safeguard))
        let violation = try #require(outcome.violations.first)
        print("without \(safeguard): seed \(scenario.seed): \(violation)")
    }
}

@Suite(.timeLimit(.minutes(120)))
struct AbsenceTests {
    private static let seeds = 1...(40 as UInt64)

    @Test func `where nothing goes wrong no job is done twice, whatever machines remember as absent`() throws {
        for seed in Self.seeds {
            let outcome = try Simulation.run(.undisturbed(seed: seed))
            #expect(outcome.violations.isEmpty, "seed \(seed): \(outcome.violations)")
            #expect(outcome.faults.isEmpty)
        }
    }
}

/// The first seed that breaks a rule without a safeguard.
private func firstBroken(without safeguard: Safeguard) throws -> (scenario: Scenario, outcome: Outcome)? {
    for seed in 1...(400 as UInt64) {
        // This one is missed where nothing else goes wrong.
        let scenario =
            safeguard == .absencesAreAskedAgain
            ? Scenario.undisturbed(seed: seed, safeguardOut: safeguard) : Scenario(seed: seed, safeguardOut: safeguard)
        let outcome = try Simulation.run(scenario)
        if !outcome.violations.isEmpty { return (scenario, outcome) }
    }
    return nil
}

@Suite(.timeLimit(.minutes(120)))
struct ShrinkingTests {
    @Test func `a broken rule is traced to the faults that it takes`() throws {
        let (scenario, before) = try #require(try firstBroken(without: .resultsAreOnesOwn))
        let shrunk = try Simulation.shrink(scenario, tries: 60)
        #expect(!shrunk.outcome.violations.isEmpty)
        #expect(shrunk.outcome.faults.count <= before.faults.count)
        #expect((1...8).contains(shrunk.outcome.faults.count))
        #expect(!shrunk.outcome.trace.isEmpty)
        let again = try Simulation.run(shrunk.scenario)
        #expect(again.violations == shrunk.outcome.violations)
    }
}
