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
