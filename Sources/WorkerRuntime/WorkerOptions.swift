// SPDX-License-Identifier: MIT

/// How a worker works, and when it leaves.
public struct WorkerOptions: Sendable {
    /// How many threads a job computes with.
    public let threads: Int
    /// How many bytes of memory a job keeps to.
    public let memoryBudget: Int
    /// Whether to leave when every campaign has ended by its plan.
    public let untilEmpty: Bool
    /// How long to wait for work before leaving; nil for ever.
    public let idleTimeout: Duration?
    /// How long to work at all; nil for ever.
    public let timeLimit: Duration?
    /// The kinds of jobs to take; nil for all that there are runners for.
    public let kinds: Set<String>?
    /// The versions of what it computes with, for the headers of results.
    public let versions: [String: String]
    /// Computes something whose outcome is known, and throws where this machine gets it wrong.
    public let selfTest: @Sendable () throws -> Void

    /// States how a worker works.
    public init(
        threads: Int,
        memoryBudget: Int,
        untilEmpty: Bool,
        idleTimeout: Duration?,
        timeLimit: Duration?,
        kinds: Set<String>?,
        versions: [String: String],
        selfTest: @escaping @Sendable () throws -> Void = {}
    ) {
        self.threads = threads
        self.memoryBudget = memoryBudget
        self.untilEmpty = untilEmpty
        self.idleTimeout = idleTimeout
        self.timeLimit = timeLimit
        self.kinds = kinds
        self.versions = versions
        self.selfTest = selfTest
    }
}

/// Why a worker left.
public enum WorkerExit: Equatable, Sendable {
    /// It was asked to.
    case drained
    /// Every campaign has ended by its plan.
    case empty
    /// There was no work for the idle timeout.
    case idle
    /// Its time was over.
    case timeLimit
    /// Its program is to start it anew in another mode.
    case restart(String)
    /// It cannot work here; the message says why.
    case environment(String)
}
