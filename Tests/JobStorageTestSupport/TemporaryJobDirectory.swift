// SPDX-License-Identifier: MIT

public import JobStorage
public import SystemPackage
public import SystemSupport

/// A folder of its own for one test, gone with this value.
public final class TemporaryFolder: Sendable {
    /// Where it is.
    public let path: FilePath

    /// Makes an empty folder.
    public init() throws {
        path = FilePath("/tmp/lucid-test-\(UInt64.random(in: .min ... .max))")
        try LocalFileSystem().makeDirectory(path)
    }

    deinit {
        try? LocalFileSystem().removeTree(path)
    }
}

/// A job directory of its own for one test.
public struct TemporaryJobDirectory: Sendable {
    /// The folder that goes with it.
    public let folder: TemporaryFolder
    /// The job directory.
    public let directory: JobDirectory

    /// Makes an empty job directory.
    public init() throws {
        folder = try TemporaryFolder()
        directory = try JobDirectory.create(at: folder.path.appending("queue"))
    }

    /// The same job directory through another file system.
    public func through(_ fileSystem: any FileSystem) throws -> JobDirectory {
        try JobDirectory.open(at: directory.root, trustOwner: nil, fileSystem: fileSystem)
    }

    /// A scratch folder for whoever publishes.
    public func scratch() throws -> FilePath {
        let path = directory.root.appending("scratch").appending("test-\(UInt64.random(in: .min ... .max))")
        try LocalFileSystem().makeDirectories(path)
        return path
    }
}

extension JobDirectory {
    /// Takes a pending job as a worker does that knows what became of its earlier claims.
    public func claim(_ pending: Token, for worker: WorkerName) throws(FileError) -> Claim? {
        var hasDoubts = false
        return try claim(pending, for: worker, hasDoubts: &hasDoubts)
    }
}

/// Why a test cannot go on.
public struct Unavailable: Error {
    /// What is not there.
    public let what: String

    /// States what is not there.
    public init(_ what: String) {
        self.what = what
    }
}

/// The value, or an end of the test.
public func present<Value>(_ value: Value?, _ what: String = "a value") throws -> Value {
    guard let value else { throw Unavailable(what) }
    return value
}

/// A campaign's name for tests.
public func campaign(_ number: Int = 1) throws -> CampaignID {
    try present(CampaignID(name: "test-\(number)", digest: ContentDigest(of: "\(number)")))
}

/// A worker of this process.
public func worker(_ number: UInt64 = 1) throws -> WorkerName {
    WorkerName(try HostIdentity.current(), random: number)
}

/// A bucket of jobs `{"n":0}`, `{"n":1}` and so on, distinct between buckets.
public func bucket(
    _ number: Int,
    jobs: Int,
    kind: String = "sum",
    priority: Int = 5,
    after dependencies: [Int] = []
) -> JobPlan.Bucket {
    JobPlan.Bucket(
        name: BucketName(number: number),
        kind: kind,
        priority: priority,
        dependsOn: dependencies.map { BucketName(number: $0) },
        jobs: (0..<jobs).map {
            JobSpecification(kind: kind, payload: Array("{\"b\":\(number),\"n\":\($0)}".utf8), priority: priority)
        }
    )
}
