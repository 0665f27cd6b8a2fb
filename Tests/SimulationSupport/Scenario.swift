// SPDX-License-Identifier: MIT

/// What a simulation starts from; the rest follows from its seed.
public struct Scenario: Sendable {
    /// Decides everything.
    public var seed: UInt64
    /// The safeguard that is taken out.
    public var safeguardOut: Safeguard?
    /// The numbers of the only calls that may go wrong; nil for all that the seed has go wrong.
    public var onlyFaults: Set<Int>?
    /// How many workers there are; nil for two to four.
    public var workers: Int?
    /// How many coordinators there are; nil for one or two.
    public var coordinators: Int?
    /// How many jobs a stage has at most.
    public var scale = 3
    /// Whether machines remember what was not there; in two of three scenarios unless it is said.
    public var cachesAbsences: Bool
    /// Whether every call is kept, to be read.
    public var isTraced = false

    /// A run of the real code with faults.
    public init(seed: UInt64, safeguardOut: Safeguard? = nil) {
        self.seed = seed
        self.safeguardOut = safeguardOut
        cachesAbsences = seed % 3 != 0
    }

    /// A run in which nothing goes wrong, on machines that remember what was not there.
    public static func undisturbed(seed: UInt64, safeguardOut: Safeguard? = nil) -> Scenario {
        var scenario = Scenario(seed: seed, safeguardOut: safeguardOut)
        scenario.onlyFaults = []
        scenario.cachesAbsences = true
        return scenario
    }

    /// The lease in seconds, short so that little idles.
    static let lease = 6.0
}

/// What came of a simulation.
public struct Outcome: Sendable {
    /// Broken rules, in words; none where all went well.
    public let violations: [String]
    /// The faults that happened, by the number of their call.
    public let faults: [(call: Int, fault: Fault)]
    /// How many calls of the file system were made.
    public let calls: Int
    /// The simulated time that passed, in seconds.
    public let seconds: Double
    /// A digest of all that happened.
    public let digest: UInt64
    /// All that happened, where it was to be kept.
    public let trace: [String]
    /// How many campaigns ended without all jobs done, as too many faults may make them.
    public let failedCampaigns: Int
}
