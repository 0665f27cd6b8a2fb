// SPDX-License-Identifier: MIT

import FoundationEssentials
import Glibc
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

/// MooseFS, and three hosts that mount it over a network of their own; `Tests/Cluster/moosefs` makes it.
struct MooseCluster: Sendable {
    /// A network namespace with a mount of its own.
    enum Host: String {
        case a, b, c
    }

    /// What can come between a host and the file system.
    enum Cut: String, CaseIterable, CustomTestStringConvertible {
        case link
        case mount

        var testDescription: String {
            switch self {
            case .link: "its network cable is pulled"
            case .mount: "its mount freezes"
            }
        }
    }

    private static let script = Package.root.pushing("Tests/Cluster/moosefs")

    /// Why there can be none on this machine; nil where there can.
    static let obstacle = ClusterScript.obstacle(script)

    /// What a skipped test says.
    static let absence = Comment(
        rawValue: """
            THERE IS NO DISTRIBUTED FILE SYSTEM HERE: what happens when a network fails is not tested
            \(obstacle ?? "")
            """
    )

    /// The one that the suite's tests share.
    @TaskLocal static var current: MooseCluster?

    /// Where it is.
    let folder: FilePath

    /// Sets one up, with options of mfsmount.
    init(options: [String]) async throws {
        folder = FilePath("/tmp/lucid-moosefs-\(UInt64.random(in: .min ... .max))")
        let result = try await RunningProgram(Self.script, ["up", folder.string] + options).result()
        try #require(result.exit == .code(0), "\(result)")
    }

    /// Takes it down, whatever state it is in.
    func takeDown() async throws {
        try await succeed(Self.script, "down", folder.string)
        #expect(try !LocalFileSystem().isPresent(folder))
        let mounts = try String(decoding: Data(contentsOf: URL(filePath: "/proc/self/mountinfo")), as: UTF8.self)
        #expect(!mounts.contains(folder.string))
    }

    /// Where a host's mount is seen from outside.
    func mount(of host: Host) -> FilePath { folder.appending("mounts").appending(host.rawValue) }

    /// Where every host sees its own mount.
    var shared: FilePath { folder.appending("shared") }

    /// Starts a program on a host.
    func start(on host: Host, _ program: FilePath, _ arguments: [String]) throws -> RunningProgram {
        try RunningProgram(Self.script, ["run", folder.string, host.rawValue, program.string] + arguments)
    }

    /// Cuts a host off from the file system.
    func sever(_ host: Host, _ cut: Cut) async throws {
        switch cut {
        case .link: try await succeed(Self.script, "link", folder.string, host.rawValue, "down")
        case .mount: try await succeed(Self.script, "freeze", folder.string, host.rawValue)
        }
    }

    /// Undoes a cut.
    func mend(_ host: Host, _ cut: Cut) async throws {
        switch cut {
        case .link: try await succeed(Self.script, "link", folder.string, host.rawValue, "up")
        case .mount: try await succeed(Self.script, "thaw", folder.string, host.rawValue)
        }
    }

    /// Ends the metadata server and starts it again.
    func restartMaster() async throws {
        try await succeed(Self.script, "restart-master", folder.string)
    }
}

/// Sets a cluster up for the tests of a suite together, and takes it down after the last of them.
struct OnMooseFS: SuiteTrait, TestScoping {
    /// Options of mfsmount, with commas between; MooseFS's own choice where there are none.
    var options: [String] = []

    @concurrent func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing body: @Sendable @concurrent () async throws -> Void
    ) async throws {
        let cluster = try await MooseCluster(options: options)
        do {
            try await MooseCluster.$current.withValue(cluster) { try await body() }
        } catch {
            try await cluster.takeDown()
            throw error
        }
        try await cluster.takeDown()
    }
}
