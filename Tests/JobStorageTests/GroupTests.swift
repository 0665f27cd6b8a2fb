// SPDX-License-Identifier: MIT

import Glibc
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

@testable import JobStorage

@Suite("What a job directory's group may do")
struct GroupTests {
    @Test(
        "As much as in the root, and what queue.json says where the root is closed to writing",
        arguments: [
            (root: 0o2770, settings: 0o640, folder: 0o2770), (0o770, 0o600, 0o770), (0o755, 0o660, 0o770),
            (0o755, 0o640, 0o750), (0o700, 0o660, 0o700),
        ] as [(UInt32, UInt32, UInt32)]
    )
    func opening(root: UInt32, settings: UInt32, folder: UInt32) throws {
        let temporary = try TemporaryFolder()
        let path = temporary.path.appending("queue")
        _ = try JobDirectory.create(at: path)
        let isChanged =
            unsafe chmod(path.string, root) == 0
            && chmod(path.appending(JobDirectory.settingsName).string, settings) == 0
        try #require(isChanged)
        let directory = try JobDirectory.open(at: path, trustOwner: nil)
        let made = path.below("new")
        for fileSystem in [directory.fileSystem, directory.disk] {
            try fileSystem.makeDirectory(made)
            #expect(try fileSystem.access(to: made).mode == folder)
            try fileSystem.removeDirectory(made)
        }
    }

    @Test(
        "`init` in a folder that is there gives the group what it has of that",
        arguments: [(0o2770, 0o2770, 0o660), (0o770, 0o770, 0o660), (0o700, 0o700, 0o600)] as [(UInt32, UInt32, UInt32)]
    )
    func creating(root: UInt32, folder: UInt32, file: UInt32) throws {
        let temporary = try TemporaryFolder()
        let path = temporary.path.appending("queue")
        try LocalFileSystem().makeDirectory(path)
        let isChanged = unsafe chmod(path.string, root) == 0
        try #require(isChanged)
        let directory = try JobDirectory.create(at: path)
        for name in JobDirectory.folders {
            #expect(try directory.fileSystem.access(to: path.appending(name)).mode == folder, "\(name)")
        }
        #expect(try directory.fileSystem.access(to: path.appending(JobDirectory.settingsName)).mode == file)
    }
}
