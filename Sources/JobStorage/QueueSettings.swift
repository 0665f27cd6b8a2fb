// SPDX-License-Identifier: MIT

/// What `queue.json` says, the same for all who ever work in a job directory.
public struct QueueSettings: Equatable, Codable, Sendable {
    /// The version of all formats in the directory that this program reads and writes.
    public static let formatVersion = 1

    /// The version of all formats in the directory.
    public let format: Int
    /// Tells this job directory from any other.
    public let run: String
    /// The most jobs in a bucket.
    public let bucketSize: Int
    /// How long a heartbeat may stand still before its worker counts as gone.
    public let leaseSeconds: Int
    /// The time between two heartbeats.
    public let heartbeatSeconds: Int
    /// How many crashes make a job fail for good.
    public let crashLimit: Int
    /// How many clean failures make a job fail for good.
    public let failureLimit: Int

    /// The settings of a new job directory.
    public init(run: String) {
        format = Self.formatVersion
        self.run = run
        bucketSize = 1000
        leaseSeconds = 120
        heartbeatSeconds = 10
        crashLimit = 5
        failureLimit = 3
    }

    /// The lease as a duration.
    public var lease: Duration { .seconds(leaseSeconds) }

    /// The rhythm of heartbeats as a duration.
    public var heartbeat: Duration { .seconds(heartbeatSeconds) }

    /// The age of the last acknowledged heartbeat from which a worker claims nothing more.
    public var claimLimit: Duration { lease * 3 / 4 }

    /// How long an attempt may be missing from its living worker's list.
    public var unlistedLimit: Duration { lease / 2 }

    var isSensible: Bool {
        run.utf8.count == 32 && run.utf8.allSatisfy(\.isLowerHexadecimal) && (1...100_000).contains(bucketSize)
            && (1...86_400).contains(leaseSeconds) && (1...leaseSeconds).contains(heartbeatSeconds)
            && (1...1000).contains(crashLimit) && (1...1000).contains(failureLimit)
    }
}
