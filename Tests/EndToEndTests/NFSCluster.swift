// SPDX-License-Identifier: MIT

import FoundationEssentials
import Glibc
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

/// A server and two clients of NFS, each a kernel of its own; `Tests/Cluster/nfs` makes them.
struct NFSCluster: Sendable {
    /// A machine.
    enum Host: String {
        /// The server, which sees the disk itself.
        case s
        /// The clients.
        case a, b
    }

    private static let script = Package.root.pushing("Tests/Cluster/nfs")

    /// Why there can be none on this machine; nil where there can.
    static let obstacle = ClusterScript.obstacle(script)

    /// What a skipped test says.
    static let absence = Comment(
        rawValue: """
            THERE IS NO NFS HERE: what its clients' caches and its network's faults do is not tested
            \(obstacle ?? "")
            """
    )

    /// The one that the suite's tests share.
    @TaskLocal static var current: NFSCluster?

    /// Where it is.
    let folder: FilePath

    private init(options: String, export: String) async throws {
        folder = FilePath("/tmp/lucid-nfs-\(UInt64.random(in: .min ... .max))")
        let result = try await RunningProgram(Self.script, ["up", folder.string, options, export]).result()
        try #require(result.exit == .code(0), "\(result)")
    }

    /// Sets one up for a body, and takes it down after it.
    ///
    /// - Parameters:
    ///   - options: of mount.nfs.
    ///   - export: further options of the export, as in exports(5).
    ///   - body: what is done on it; `current` is it meanwhile.
    /// - Throws: what the body throws, and where there is no cluster.
    static func with(
        _ options: String,
        export: String = "no_root_squash",
        _ body: (NFSCluster) async throws -> Void
    ) async throws {
        let cluster = try await NFSCluster(options: options, export: export)
        do {
            try await $current.withValue(cluster) { try await body(cluster) }
        } catch {
            try await cluster.takeDown()
            throw error
        }
        try await cluster.takeDown()
    }

    /// Takes it down, whatever state it is in.
    private func takeDown() async throws {
        try await succeed(Self.script, "down", folder.string)
        #expect(try !LocalFileSystem().isPresent(folder))
    }

    /// Starts a program on a machine, in the folder where a client sees the disk.
    func start(on host: Host, _ program: FilePath, _ arguments: [String]) throws -> RunningProgram {
        try RunningProgram(Self.script, ["run", folder.string, host.rawValue, program.string] + arguments)
    }

    /// Runs a shell's command on a machine, which must succeed, and gives its output.
    @discardableResult
    func shell(on host: Host, _ command: String) async throws -> String {
        let result = try await start(on: host, "/bin/sh", ["-c", command]).result()
        try #require(result.exit == .code(0), "\(command): \(result)")
        return result.output
    }

    /// Pulls a machine's cable, or plugs it in again.
    func setLink(of host: Host, isUp: Bool) async throws {
        try await succeed(Self.script, "link", folder.string, host.rawValue, isUp ? "up" : "down")
    }

    /// Takes a machine's power away and starts it again.
    func restart(_ host: Host, after pause: Duration = .zero) async throws {
        try await succeed(Self.script, "off", folder.string, host.rawValue)
        try await Task.sleep(for: pause)
        try await succeed(Self.script, "on", folder.string, host.rawValue)
    }
}

/// Sets a cluster up for the tests of a suite together, and takes it down after the last of them.
struct OnNFS: SuiteTrait, TestScoping {
    /// Options of mount.nfs.
    let options: String

    @concurrent func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing body: @Sendable @concurrent () async throws -> Void
    ) async throws {
        try await NFSCluster.with(options) { _ in try await body() }
    }
}
