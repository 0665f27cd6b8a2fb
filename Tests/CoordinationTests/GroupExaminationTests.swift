// SPDX-License-Identifier: MIT

import Glibc
import JobStorage
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

@testable import Coordination

@Suite("Whether a group can work in a job directory")
struct GroupExaminationTests {
    private let temporary: TemporaryFolder
    private var root: FilePath { temporary.path.appending("queue") }

    init() throws { temporary = try TemporaryFolder() }

    private func change(_ path: FilePath, mode: UInt32) throws {
        let isDone = unsafe chmod(path.string, mode) == 0
        try #require(isDone)
    }

    private func change(_ path: FilePath, owner: UInt32, group: UInt32) throws {
        let isDone = unsafe chown(path.string, owner, group) == 0
        try #require(isDone)
    }

    /// A job directory in a folder with this mode.
    private func makeQueue(_ mode: UInt32) throws {
        try LocalFileSystem().makeDirectory(root)
        try change(root, mode: mode)
        _ = try JobDirectory.create(at: root)
    }

    private func finding() throws -> ExaminationFinding {
        try GroupExamination(root, on: LocalFileSystem()).finding()
    }

    /// Runs the command that a finding ends with.
    private func mend(_ finding: ExaminationFinding) throws {
        // All after the last of the words that come before it.
        let start = try #require(finding.message.ranges(of: "it with: ").last)
        let command = String(finding.message[start.upperBound...])
        #expect(command.contains("chmod -R g+rwX \(root); find \(root) -type d -exec chmod g+s {} +"))
        let child = try ChildProcess("/bin/sh", ["-c", command])
        #expect(child.exit(within: .seconds(30)) == .code(0))
    }

    @Test("A fresh job directory is as its folder is", arguments: [(0o2770, "all of group"), (0o700, "for one user")])
    func fresh(mode: UInt32, words: String) throws {
        try makeQueue(mode)
        let finding = try finding()
        #expect(finding.state == .ok && finding.message.hasPrefix(words) && finding.message.contains("umask"))
    }

    @Test(
        "What the group cannot use is named, with the command that mends it",
        arguments: [("folder", 0o755), ("folder", 0o2710), ("file", 0o600)] as [(String, UInt32)]
    )
    func closed(kind: String, mode: UInt32) throws {
        try makeQueue(0o2770)
        let path = root.below("cache", kind)
        let disk = LocalFileSystem()
        if kind == "folder" {
            try disk.makeDirectory(path)
        } else {
            try disk.create(path, contents: [], durably: false)
        }
        try change(path, mode: mode)
        let finding = try finding()
        #expect(
            finding.state == .warning && finding.message.contains("\"\(path)\"") && finding.message.contains("umask")
        )
        try mend(finding)
        #expect(try self.finding().state == .ok)
    }

    @Test("Several owners need a folder that is open to them and passes its group on", .enabled(if: geteuid() == 0))
    func owners() throws {
        try makeQueue(0o755)
        #expect(try finding().state == .ok)
        try change(root.below("cache"), owner: 12_001, group: getegid())
        let finding = try finding()
        #expect(finding.state == .warning && finding.message.contains("users 0, 12001 work here"))
        #expect(finding.message.contains("closed to its group's writing"))
        try mend(finding)
        #expect(try self.finding().state == .ok)
    }

    @Test("Where several work, what is in another group is a failure", .enabled(if: geteuid() == 0))
    func otherGroup() throws {
        try makeQueue(0o2770)
        try change(root.below("cache"), owner: 12_001, group: 13_001)
        let finding = try finding()
        #expect(finding.state == .failure && finding.message.contains("chgrp -R \(getegid()) \(root); "))
        try mend(finding)
        #expect(try self.finding().state == .ok)
    }
}
