// SPDX-License-Identifier: MIT

import FoundationEssentials
import Glibc
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

/// A server and two clients of NFS, or of GlusterFS, each a kernel of its own; `Tests/Cluster/nfs` makes them.
struct NFSCluster: Sendable {
    /// What serves the disk.
    enum Server: String {
        /// The kernel's nfsd.
        case kernel
        /// NFS by nfs-ganesha, a process.
        case ganesha
        /// GlusterFS, mounted by FUSE.
        case glusterfs
    }

    /// What there is to be mounted, and how.
    struct Configuration: Sendable {
        /// Options of mount.nfs or mount.glusterfs.
        var options: String
        /// What serves the disk.
        var server = Server.kernel
        /// Further options of the export, as in exports(5).
        var export = "no_root_squash"
        /// Options of mke2fs for the disk.
        var disk = ""
        /// Megabytes of memory that each machine has.
        var memory = 768
    }

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

    /// Why none with that server; nil where there can be one.
    static func obstacle(_ server: Server) -> String? {
        ClusterScript.obstacle(script, environment: ["SERVER=\(server.rawValue)"])
    }

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
    private let configuration: Configuration

    /// What it is called in messages.
    var title: String { "\(configuration.server) \(configuration.options)" }

    private init(_ configuration: Configuration) async throws {
        self.configuration = configuration
        folder = FilePath("/tmp/lucid-nfs-\(UInt64.random(in: .min ... .max))")
        let environment = [
            "SERVER=\(configuration.server.rawValue)", "FSTYPE_OPTIONS=\(configuration.disk)",
            "MEMORY=\(configuration.memory)M",
        ]
        let up = [Self.script.string, "up", folder.string, configuration.options, configuration.export]
        let result = try await RunningProgram("/usr/bin/env", environment + up).result()
        try #require(result.exit == .code(0), "\(result)")
    }

    /// Sets one up for a body, during which it is `current`, and takes it down after it.
    ///
    /// - Throws: what the body throws, and where there is no cluster.
    static func with(_ configuration: Configuration, _ body: (NFSCluster) async throws -> Void) async throws {
        let cluster = try await NFSCluster(configuration)
        do {
            try await $current.withValue(cluster) { try await body(cluster) }
        } catch {
            do { try await cluster.takeDown() } catch { Issue.record(error, "taking the cluster down") }
            throw error
        }
        try await cluster.takeDown()
    }

    /// The same with the kernel's server and a mount's options.
    static func with(_ options: String, _ body: (NFSCluster) async throws -> Void) async throws {
        try await with(Configuration(options: options), body)
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
    let configuration: NFSCluster.Configuration

    init(options: String, server: NFSCluster.Server = .kernel) {
        configuration = NFSCluster.Configuration(options: options, server: server)
    }

    @concurrent func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing body: @Sendable @concurrent () async throws -> Void
    ) async throws {
        try await NFSCluster.with(configuration) { _ in try await body() }
    }
}
