// SPDX-License-Identifier: MIT

import SimulationSupport
import Testing

struct SafeguardTests {
    @Test(arguments: Safeguard.allCases)
    func `without a safeguard some seed breaks a rule`(safeguard: Safeguard) throws {
        for seed in 1...(400 as UInt64) {
            let outcome = try Simulation.run(Scenario(seed: seed, safeguardOut: safeguard))
            guard let violation = outcome.violations.first else { continue }
            print("without \(safeguard): seed \(seed): \(violation)")
            return
        }
        Issue.record("no seed breaks a rule without \(safeguard)")
    }
}

struct ShrinkingTests {
    @Test func `a broken rule is traced to the faults that it takes`() throws {
        let scenario = Scenario(seed: 9, safeguardOut: .resultsAreOnesOwn)
        let before = try Simulation.run(scenario)
        let shrunk = try Simulation.shrink(scenario, tries: 60)
        #expect(!shrunk.outcome.violations.isEmpty)
        #expect(shrunk.outcome.faults.count < before.faults.count)
        #expect(!shrunk.outcome.trace.isEmpty)
        let again = try Simulation.run(shrunk.scenario)
        #expect(again.violations == shrunk.outcome.violations)
    }
}
