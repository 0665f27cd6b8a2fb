// SPDX-License-Identifier: MIT

import Testing

@testable import Coordination
@testable import SystemSupport

/// What `doctor` reads out of the options of a mount.
@Suite(.timeLimit(.minutes(120)))
struct MountTests {
    private func finding(_ type: String, _ options: String) throws -> ExaminationFinding {
        let line = "36 35 0:40 / /shared rw,relatime shared:1 - \(type) server:/export \(options)"
        return MountExamination(try #require(MountInformation(line: line[...]))).finding
    }

    private static let usual = "rw,vers=4.2,rsize=131072,hard,proto=tcp,timeo=600,retrans=2,sec=sys"

    @Test(arguments: [
        ("nfs4", "\(usual),local_lock=none"), ("nfs", "rw,vers=3,hard,nolock,local_lock=all"),
        ("nfs4", "\(usual),lookupcache=pos"), ("nfs4", "\(usual),noac"), ("nfs4", "\(usual),acregmax=600,acdirmax=600"),
        ("ext4", "rw"), ("fuse.mfs", "rw,user_id=0"), ("lustre", "rw,flock"),
    ])
    func `what endangers nothing is no cause for alarm`(type: String, options: String) throws {
        #expect(try finding(type, options).state == .ok)
    }

    @Test(arguments: [
        ("nfs4", "\(usual)", "lookupcache=positive saves some calls"), ("nfs4", "\(usual),noac", "every call"),
        ("nfs4", "\(usual),acregmin=600,acregmax=600,acdirmin=600,acdirmax=600", "600 s old"),
    ])
    func `what costs time is said`(type: String, options: String, word: String) throws {
        #expect(try finding(type, options).message.contains(word))
    }

    @Test(arguments: [
        ("nfs4", "rw,vers=4.2,soft", "hard"), ("nfs4", "rw,vers=4.2,softerr", "hard"),
        ("nfs4", "\(usual),nocto", "without"), ("nfs4", "ro,vers=4.2", "read-only"), ("ext4", "ro", "read-only"),
    ])
    func `what endangers work is a failure, with what to do`(type: String, options: String, word: String) throws {
        let finding = try finding(type, options)
        #expect(finding.state == .failure)
        #expect(finding.message.contains(word))
    }

    @Test(arguments: ["", "lookupcache=none", "lookupcache=pos", "noac"])
    func `of remembered absences nothing is said where there are none`(option: String) throws {
        let message = try finding("nfs4", "\(Self.usual),\(option)").message
        #expect(message.contains("absent names") == option.isEmpty)
    }
}
