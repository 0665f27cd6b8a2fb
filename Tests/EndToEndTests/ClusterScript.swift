// SPDX-License-Identifier: MIT

import Glibc
import JobStorageTestSupport
import SystemPackage
import SystemSupport

/// What the scripts have in common that make machines and file systems on this one.
enum ClusterScript {
    /// Why a script can do nothing on this machine, in its own words; nil where it can.
    static func obstacle(_ script: FilePath, environment: [String] = []) -> String? {
        guard let folder = try? TemporaryFolder() else { return "no temporary folder can be made" }
        let check = (["env"] + environment + [script.string, "check"]).joined(separator: " ")
        let command = "exec \(check) </dev/null >/dev/null 2>\(folder.path)/reasons"
        guard let process = try? ChildProcess("/bin/sh", ["-c", command]) else { return "there is no /bin/sh" }
        let exit = process.exit(within: .seconds(60))
        if exit == nil { kill(-process.pid, SIGKILL) }
        // Any other end than this one's is for the set-up to complain of.
        guard exit == .code(77) else { return nil }
        let reasons = try? LocalFileSystem().contents(of: folder.path.appending("reasons"), limit: 1 << 16)
        return String(decoding: reasons ?? [], as: UTF8.self)
    }
}
