// SPDX-License-Identifier: MIT

/// The smallest scenario found that still breaks a rule.
public struct Shrunk: Sendable {
    /// The scenario.
    public let scenario: Scenario
    /// What comes of it.
    public let outcome: Outcome
}

extension Simulation {
    /// Looks for fewer machines, jobs and faults with which a scenario still breaks a rule.
    ///
    /// - Parameters:
    ///   - scenario: a scenario that breaks one.
    ///   - tries: how many runs to spend.
    /// - Throws: what keeps simulations from running at all.
    /// - Returns: the smallest that was found.
    public static func shrink(_ scenario: Scenario, tries: Int = 300) throws -> Shrunk {
        var best = Shrunk(scenario: scenario, outcome: try run(scenario))
        var left = tries
        func attempt(_ change: (inout Scenario) -> Void) throws -> Bool {
            guard left > 0 else { return false }
            left -= 1
            var smaller = best.scenario
            change(&smaller)
            let outcome = try run(smaller)
            guard !outcome.violations.isEmpty else { return false }
            best = Shrunk(scenario: smaller, outcome: outcome)
            return true
        }
        for scale in 1..<best.scenario.scale where try attempt({ $0.scale = scale }) { break }
        for workers in 1...3 where try attempt({ $0.workers = workers }) { break }
        _ = try attempt { $0.coordinators = 1 }
        var size = max(1, best.outcome.faults.count / 2)
        while left > 0 {
            let faults = best.outcome.faults.map(\.call)
            var isSmaller = false
            for start in stride(from: 0, to: faults.count, by: size) {
                let rest = Set(faults[..<start] + faults[min(start + size, faults.count)...])
                if try attempt({ $0.onlyFaults = rest }) {
                    isSmaller = true
                    break
                }
            }
            if isSmaller { continue }
            if size == 1 { break }
            size /= 2
        }
        var traced = best.scenario
        traced.isTraced = true
        return Shrunk(scenario: traced, outcome: try run(traced))
    }
}
