// SPDX-License-Identifier: MIT

public import SystemPackage
private import SystemSupport

/// What may be fetched, and how long is waited for it.
public struct TransferPolicy: Sendable {
    /// The hosts that may be asked, those of redirects included; any where there are none.
    public var allowedHosts: Set<String>
    /// Certificates of authorities to be trusted beside the system's.
    public var authorityFile: FilePath?
    /// How long making a connection may take.
    public var connectTimeout: Duration
    /// How long nothing may arrive before a connection counts as broken.
    public var stallTimeout: Duration
    /// How often is tried without getting further.
    public var attempts: Int
    /// How often a host is looked for that has no address and has not answered before.
    public var unknownHostAttempts: Int
    /// The longest wait before the second attempt; it doubles with every one.
    public var firstDelay: Duration
    /// The longest wait before any attempt, also where a server asks for more.
    public var longestDelay: Duration

    /// The standard one, limited to some hosts; to none where there are none.
    public static func standard(allowing hosts: [String]) -> TransferPolicy {
        var policy = standard
        policy.allowedHosts = Set(hosts.map { $0.lowercased() })
        return policy
    }

    /// What suits somebody who waits and may have mistyped a host: that is said at once.
    public func asking() -> TransferPolicy {
        var policy = self
        policy.unknownHostAttempts = 2
        return policy
    }

    /// What suits a file of any size from a server far away; LUCID_CA_FILE names further authorities.
    public static var standard: TransferPolicy {
        TransferPolicy(
            allowedHosts: [],
            authorityFile: environmentValue("LUCID_CA_FILE").map { FilePath($0) },
            connectTimeout: .seconds(20),
            stallTimeout: .seconds(60),
            attempts: 8,
            unknownHostAttempts: 8,
            firstDelay: .milliseconds(500),
            longestDelay: .seconds(120)
        )
    }
}
