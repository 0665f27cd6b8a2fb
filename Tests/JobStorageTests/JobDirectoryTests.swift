// SPDX-License-Identifier: MIT

import Glibc
import JobStorage
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

@Suite(.timeLimit(.minutes(120)))
struct JobDirectoryTests {
    let disk = LocalFileSystem()

    @Test func `a job directory made twice is the same one`() throws {
        let temporary = try TemporaryJobDirectory()
        let again = try JobDirectory.create(at: temporary.directory.root)
        #expect(again.settings == temporary.directory.settings)
        #expect(again.settings.lease == .seconds(120))
        #expect(again.settings.claimLimit == .seconds(90))
        #expect(again.settings.unlistedLimit == .seconds(60))
    }

    @Test func `a job directory whose making was cut off is completed`() throws {
        let folder = try TemporaryFolder()
        try disk.makeDirectory(folder.path.appending("campaigns"))
        let directory = try JobDirectory.create(at: folder.path)
        #expect(try directory.campaigns() == [])
    }

    @Test func `a folder with other things in it is left alone`() throws {
        let folder = try TemporaryFolder()
        try disk.create(folder.path.appending("thesis.tex"), contents: [1], durably: false)
        #expect(throws: JobDirectoryError.notEmpty(folder.path, example: "thesis.tex")) {
            try JobDirectory.create(at: folder.path)
        }
        #expect(try disk.names(in: folder.path) == ["thesis.tex"])
    }

    @Test func `a file is not made a job directory, nor a place below it`() throws {
        let folder = try TemporaryFolder()
        let file = folder.path.appending("thesis.tex")
        try disk.create(file, contents: [1], durably: false)
        for path in [file, file.appending("queue")] {
            #expect(throws: JobDirectoryError.notADirectory(path)) { try JobDirectory.create(at: path) }
        }
    }

    @Test func `a folder that is no job directory is not opened`() throws {
        let folder = try TemporaryFolder()
        #expect(throws: JobDirectoryError.notAJobDirectory(folder.path)) {
            try JobDirectory.open(at: folder.path, trustOwner: nil)
        }
    }

    @Test func `another version is refused by its number`() throws {
        let root = try TemporaryFolder()
        try disk.create(root.path.appending("queue.json"), contents: Array(#"{"format":7}"#.utf8), durably: false)
        #expect(throws: JobDirectoryError.otherVersion(root.path, found: 7)) {
            try JobDirectory.open(at: root.path, trustOwner: nil)
        }
    }

    @Test(arguments: ["", "{", "[]", #"{"format":1}"#, #"{"format":1,"run":"../x"}"#])
    func `settings that cannot be understood are refused`(text: String) throws {
        let root = try TemporaryFolder()
        let file = root.path.appending("queue.json")
        try disk.create(file, contents: Array(text.utf8), durably: false)
        #expect(throws: JobDirectoryError.damaged(file)) { try JobDirectory.open(at: root.path, trustOwner: nil) }
    }

    @Test func `a world-writable job directory is refused`() throws {
        let temporary = try TemporaryJobDirectory()
        let root = temporary.directory.root
        #expect(unsafe chmod(root.string, 0o777) == 0)
        #expect(throws: JobDirectoryError.worldWritable(root)) { try JobDirectory.open(at: root, trustOwner: nil) }
    }

    @Test(.enabled(if: getuid() == 0, "only root gives files away"))
    func `a stranger's job directory is refused unless its owner is trusted`() throws {
        let temporary = try TemporaryJobDirectory()
        let root = temporary.directory.root
        #expect(unsafe chown(root.string, 4711, 4711) == 0)
        #expect(throws: JobDirectoryError.ownedByStranger(root, owner: 4711)) {
            try JobDirectory.open(at: root, trustOwner: nil)
        }
        #expect(throws: Never.self) { try JobDirectory.open(at: root, trustOwner: 4711) }
    }

    @Test(arguments: [Errno.notPermitted, .notSupported, .noFunction])
    func `a place without hard links is refused, when a directory is made and when work is to begin`(
        _ errno: Errno
    ) throws {
        let linkless = FaultyFileSystem.links { _, _ in .refused(errno) }
        let folder = try TemporaryFolder()
        let refusal = #expect(throws: JobDirectoryError.self) {
            try JobDirectory.create(at: folder.path.appending("queue"), fileSystem: linkless)
        }
        #expect("\(refusal, default: "")".contains("choose another place"))
        let temporary = try TemporaryJobDirectory()
        let moved = try temporary.through(linkless)
        #expect(throws: FileError.self) { try moved.checkFitness(scratch: temporary.scratch()) }
        #expect(throws: Never.self) { try temporary.directory.checkFitness(scratch: temporary.scratch()) }
    }

    @Test func `a place whose links replace what is there is refused`() throws {
        let temporary = try TemporaryJobDirectory()
        // The second link, onto what the first one made, is said to have succeeded.
        let replacing = FaultyFileSystem.links { _, target in
            guard (try? LocalFileSystem().isPresent(target)) == true else { return nil }
            try? LocalFileSystem().remove(target)
            return nil
        }
        let refusal = #expect(throws: FileError.self) {
            try temporary.through(replacing).checkFitness(scratch: temporary.scratch())
        }
        #expect("\(refusal, default: "")".contains("choose another place"))
    }
}
