// SPDX-License-Identifier: MIT

import JobStorage
import SystemSupport
import Testing

extension OnNetworks {
    /// Campaigns on GlusterFS, mounted by FUSE on two machines: a volume over two bricks, on which a name and its file may
    /// lie apart.
    @Suite(
        "On GlusterFS",
        .serialized,
        .enabled(if: isLong),
        .enabled(if: NFSCluster.obstacle(.glusterfs) == nil, "THERE IS NO GLUSTERFS HERE; see Tests/Cluster/nfs"),
        OnNFS(options: "log-level=WARNING", server: .glusterfs)
    )
    struct GlusterFileSystemTests {
        typealias Network = NetworkFileSystemTests

        @Test("Nothing is called missing or done anew, with two coordinators and both machines at work")
        func isUndisturbed() async throws { try await Network.expectUndisturbed() }

        @Test("Two machines measure what one sees of the other")
        func areMeasured() async throws { try await Network.expectMeasured() }

        @Test("A worker that is killed leaves its job to another, and nothing else is done anew")
        func survivesAKilledWorker() async throws { try await Network.expectAKilledWorkerReplaced() }

        @Test("A machine whose cable is out past the lease loses its job, and its late word is refused")
        func survivesACable() async throws { try await Network.expectACableSurvived() }

        @Test("The server's power may go while jobs are run, and no worker is called lost")
        func survivesAServer() async throws { try await Network.expectARestartSurvived() }
    }
}
