// SPDX-License-Identifier: MIT

import Glibc
import SystemPackage
import SystemSupport
import Testing

/// Small file systems that only one process and its children see, and that end with them.
enum PrivateMounts {
    /// The arguments of `unshare` before the program: root needs no other user's name for it.
    static let options = geteuid() == 0 ? ["--mount"] : ["--mount", "--map-root-user"]

    /// Whether this machine lets us; some containers do not.
    static let areAllowed: Bool = {
        let trial = ["/bin/sh", "-c", "mount -t tmpfs tmpfs /tmp 2>/dev/null"]
        guard let process = try? ChildProcess("/usr/bin/unshare", options + trial) else { return false }
        return process.exit(within: .seconds(60)) == .code(0)
    }()

    /// What a skipped test says.
    static let absence: Comment =
        "NO FILE SYSTEM CAN BE MOUNTED HERE, not even privately: what happens on a full or read-only disk is not tested"
}
