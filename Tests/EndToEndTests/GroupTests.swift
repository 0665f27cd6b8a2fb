// SPDX-License-Identifier: MIT

import Glibc
import JobStorage
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing
import WebServers

extension EndToEnd {
    @Suite("A queue that a group shares", .timeLimit(.minutes(5)))
    struct GroupTests {
        @Test(
            "What programs make in a queue has its group's bits, whatever their umask",
            arguments: [(madeUnder: "002", usedUnder: "077", bits: 0o070), ("077", "002", 0)]
                as [(String, String, UInt32)]
        )
        func bits(madeUnder: String, usedUnder: String, bits: UInt32) async throws {
            let bench = try GroupBench()
            let owner = Someone(umask: madeUnder)
            try await bench.succeed(owner, "init", bench.queue.string)
            let user = Someone(umask: usedUnder)
            try await bench.submit(user)
            try await bench.succeed(user, "run", "--queue", bench.queue.string, "--local-workers", "1")
            let queue = bench.queue.string
            try await bench.succeed(user, "pause", "--queue", queue)
            try await bench.succeed(user, "resume", "--queue", queue)

            let observation = try bench.look()
            #expect(observation.isEveryKindSeen, "\(observation.seen.keys.sorted())")
            for (path, access) in observation.seen {
                let expected = access.isDirectory ? bits : bits & 0o060
                #expect(access.mode & 0o077 == expected, "\(path): \(String(access.mode, radix: 8))")
            }
        }

        @Test("An archive of images that is unpacked in a queue has its group's bits")
        func archive() async throws {
            let bench = try GroupBench()
            try await bench.succeed(Someone(umask: "002"), "init", bench.queue.string)
            try Bench.copyImages(smallImages, to: bench.root.appending("images"))
            let script = "import shutil, sys; shutil.make_archive(sys.argv[1], 'zip', sys.argv[1])"
            try runTool("python3", ["-c", script, bench.root.appending("images").string])
            try await bench.submit(Someone(umask: "077"), images: "images.zip")
            let observation = try bench.look()
            #expect(observation.seen.keys.contains { $0.contains("/downloads/") && $0.hasSuffix(".jpg") })
            for (path, access) in observation.seen {
                #expect(access.mode & 0o077 == (access.isDirectory ? 0o070 : 0o060), "\(path)")
            }
        }

        @Test("A file that a user asked for is an ordinary one", arguments: [("022", 0o644), ("077", 0o600)])
        func output(umask: String, mode: UInt32) async throws {
            let bench = try GroupBench()
            let file = bench.root.appending("w.npy")
            try await bench.succeed(Someone(umask: umask), "weights", "seeded:10", "conv2d0", "--output", file.string)
            #expect(try LocalFileSystem().access(to: file).mode == mode)
        }

        @Test(
            "Two users of a group share the work, whatever their own groups and umasks",
            .enabled(if: Someone.canBeAnybody),
            arguments: [true, false]
        )
        func users(passingGroupOn: Bool) async throws {
            let bench = try GroupBench()
            let (ann, ben) = (Someone(umask: "022", user: 12_001), Someone(umask: "077", user: 12_002))
            try bench.makeQueueFolder(of: ann, mode: passingGroupOn ? 0o2770 : 0o770)
            let queue = bench.queue.string
            try await bench.succeed(ann, "init", queue)
            try await bench.submit(ann)
            let coordinator = try bench.start(ann, Programs.coordinator, ["run", "--queue", queue])
            let directory = try JobDirectory.open(at: bench.queue, trustOwner: ann.user)
            let campaign = try #require(directory.campaigns().first)
            _ = try await eventually("a published job") {
                try directory.scan(campaign).tokens.values.first { $0.name.folder == .pending }
            }
            coordinator.signal(SIGTERM)
            _ = try await coordinator.result()
            let work = ["--queue", queue, "--trust-owner", "12001", "--until-empty", "--threads", "1"]
            let worker = try bench.start(ben, Programs.worker, work)
            _ = try await eventually("a job that the other user has done") {
                try directory.scan(campaign).tokens.values.first { $0.name.folder == .done }
            }
            // From here on both users have a worker.
            try await bench.succeed(ann, "run", "--queue", queue, "--local-workers", "1")
            let end = try await worker.result()
            #expect(end.exit == .code(0), "\(end)")
            try await bench.succeed(ann, "verify", "--queue", queue)

            let observation = try bench.look()
            #expect(
                observation.seen.values.contains { $0.owner == 12_001 }
                    && observation.seen.values.contains { $0.owner == 12_002 }
            )
            for (path, access) in observation.seen {
                #expect(access.group == Someone.group, "\(path)")
                #expect(!access.isDirectory || access.passesGroupOn == passingGroupOn, "\(path)")
            }
            if !passingGroupOn {
                let finding = try await bench.doctor(ben, "--trust-owner", "12001")
                #expect(finding.hasPrefix("warning\tgroup: users 12001, 12002 work here"), "\(finding)")
            }
        }

        @Test(
            "A group that its maker is not of gets nothing through another one",
            .enabled(if: Someone.canBeAnybody)
        )
        func strangeGroup() async throws {
            let bench = try GroupBench()
            let ann = Someone(umask: "027", user: 12_001, isOfGroup: false)
            try bench.makeQueueFolder(of: ann, mode: 0o770)
            try await bench.succeed(ann, "init", bench.queue.string)
            for (path, access) in try bench.look().seen where path != bench.queue.string {
                #expect(
                    access.group == 12_001 && access.mode & 0o7077 == (access.isDirectory ? 0o050 : 0o040),
                    "\(path)"
                )
            }
        }
    }
}

/// A user with a umask: this one, or another where there is a number.
private struct Someone {
    static let group: UInt32 = 13_001

    var umask: String
    var user: UInt32?
    var isOfGroup = true

    /// The words before a program's path that make it run as this user.
    var command: [String] {
        let masked = ["/bin/sh", "-c", "umask \(umask); exec \"$@\"", "sh"]
        guard let user else { return masked }
        let groups = isOfGroup ? "--groups=\(Self.group)" : "--clear-groups"
        return ["/usr/bin/setpriv", "--reuid=\(user)", "--regid=\(user)", groups] + masked
    }

    /// Whether this process may become anybody, and anybody may run the programs.
    static var canBeAnybody: Bool {
        guard geteuid() == 0 else { return false }
        var folder = Programs.worker.removingLastComponent()
        while folder.components.count > 0 {
            guard let access = try? LocalFileSystem().access(to: folder), access.mode & 0o001 != 0 else { return false }
            folder.removeLastComponent()
        }
        return true
    }
}

/// What lies in a job directory.
private struct Observation {
    let seen: [String: FileAccess]

    /// Whether there is something of all that a campaign makes.
    var isEveryKindSeen: Bool {
        let kinds = [
            "/queue.json", "/campaigns/", "/done/", "/results/", "/arrays/", "/cache/", "/heartbeats/", "/workers/",
            "/logs/", "/control/", "/ended/", "/reports/", "/cka.csv", "/heatmaps/",
        ]
        return kinds.allSatisfy { kind in seen.keys.contains { $0.contains(kind) } }
    }
}

/// A job directory that somebody makes and others use.
private struct GroupBench {
    let folder: TemporaryFolder
    var root: FilePath { folder.path }
    var queue: FilePath { root.appending("queue") }

    init() throws {
        folder = try TemporaryFolder()
        #expect(unsafe chmod(root.string, 0o755) == 0)
    }

    /// Makes an empty folder for the queue, of somebody and the group.
    func makeQueueFolder(of owner: Someone, mode: UInt32) throws {
        try LocalFileSystem().makeDirectory(queue)
        #expect(unsafe chown(queue.string, owner.user ?? geteuid(), Someone.group) == 0)
        #expect(unsafe chmod(queue.string, mode) == 0)
    }

    func start(_ someone: Someone, _ program: FilePath, _ arguments: [String]) throws -> RunningProgram {
        try RunningProgram("/usr/bin/env", ["HOME=\(root)"] + someone.command + [program.string] + arguments)
    }

    @discardableResult
    func succeed(_ someone: Someone, _ arguments: String...) async throws -> ProgramResult {
        let result = try await start(someone, Programs.coordinator, arguments).result()
        try #require(result.exit == .code(0), "\(arguments.joined(separator: " ")): \(result)")
        return result
    }

    /// Submits a campaign of two arrays and their comparison.
    func submit(_ someone: Someone, images: String = "images") async throws {
        if images == "images" { try Bench.copyImages(Array(smallImages.prefix(4)), to: root.appending("images")) }
        let text = """
            name: small
            models:
              one: {weights: "seeded:10"}
              two: {weights: "seeded:12"}
            dataset: {images: "\(images)"}
            cka: {layers: [conv2d0], epochs: 1, iterations: 1, batch_size: 4}
            """
        let file = root.appending("small.yaml")
        try LocalFileSystem().create(file, contents: Array(text.utf8), durably: false)
        try await succeed(someone, "submit", file.string, "--queue", queue.string)
    }

    /// What `doctor` says of the group.
    func doctor(_ someone: Someone, _ options: String...) async throws -> String {
        let result = try await start(someone, Programs.coordinator, ["doctor", queue.string] + options).result()
        return try #require(result.output.split(separator: "\n").first { $0.contains("\tgroup: ") }, "\(result)")
            .description
    }

    /// Looks at all that lies in the job directory.
    func look() throws -> Observation {
        var seen: [String: FileAccess] = [:]
        var folders = [queue]
        while let folder = folders.popLast() {
            seen[folder.string] = try LocalFileSystem().access(to: folder)
            for name in try LocalFileSystem().names(in: folder) {
                let path = folder.below(name)
                let access = try LocalFileSystem().access(to: path)
                seen[path.string] = access
                if access.isDirectory { folders.append(path) }
            }
        }
        return Observation(seen: seen)
    }
}
