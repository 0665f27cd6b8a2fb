// SPDX-License-Identifier: MIT

import Coordination
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

/// Two processes that find out what one sees of the other.
@Suite(.timeLimit(.minutes(120)))
struct PairTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func examine(watching: any FileSystem) throws -> [String: ExaminationFinding] {
        let place = folder.path.appending("pair")
        let acting = PairExamination(LocalFileSystem(), folder: place)
        try acting.prepare()
        let watcher = DedicatedThread(named: "watching") {
            try PairExamination(watching, folder: place).watch { _ in }
        }
        while try !acting.isJoined() { _ = Monitor(()).wait(atMost: .milliseconds(5)) { _ in nil as Void? } }
        let findings = try acting.act { _ in }
        try watcher.join()
        return Dictionary(uniqueKeysWithValues: findings.map { ($0.name, $0) })
    }

    private static let relied = [
        "new file", "absent name", "replaced file", "overwritten file", "removed file", "renamed file",
    ]

    @Test func `on one machine all is seen at once, and that it is one is said`() throws {
        let findings = try examine(watching: LocalFileSystem())
        for name in Self.relied { #expect(findings[name]?.state == .ok, "\(name)") }
        #expect(findings["two machines"]?.state == .failure)
    }

    @Test func `what a machine remembers is told, and is no cause for alarm`() throws {
        let findings = try examine(watching: RememberingFileSystem())
        for name in Self.relied { #expect(findings[name]?.state == .ok, "\(name)") }
        for name in ["remembered absence", "remembered name"] {
            #expect(findings[name]?.state == .ok)
            #expect(findings[name]?.message.contains("not within") == true)
            #expect(findings[name]?.value == nil)
        }
    }
}
