// SPDX-License-Identifier: MIT

import FoundationEssentials
import Glibc
public import SystemSupport

/// This process's identity with another machine's start: nobody here can prove anything about it.
public func elsewhere() throws -> HostIdentity {
    try altered { record in
        record["host"] = .text("elsewhere")
        record["bootIdentifier"] = .text(String(repeating: "e", count: 32))
    }
}

/// A real process on this machine that does nothing until it is killed.
public final class SleepingProcess: Sendable {
    /// Its identity.
    public let identity: HostIdentity
    private let pid: pid_t
    private let isGone = Monitor(false)

    /// Starts it.
    public init() throws {
        var pid = pid_t()
        let path = "/bin/sleep"
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe [strdup(path), strdup("600"), nil]
        // With this process's streams it would keep those waiting who read them to their end.
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        for stream in 0...2 as ClosedRange<Int32> {
            unsafe posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_RDWR, 0)
        }
        let status = unsafe posix_spawn(&pid, path, &actions, nil, &arguments, nil)
        while let argument = unsafe arguments.popLast() { unsafe free(argument) }
        guard status == 0 else { throw Unavailable("/bin/sleep") }
        self.pid = pid
        let bytes = try Data(contentsOf: URL(filePath: "/proc/\(pid)/stat"))
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        guard fields.count > 21, let ticks = UInt64(fields[21]) else { throw Unavailable("stat") }
        let number = pid
        identity = try altered { record in
            record["pid"] = .number(UInt64(number))
            record["startTicks"] = .number(ticks)
        }
    }

    /// So that a test that ends early leaves nothing behind.
    deinit { kill() }

    /// Kills it and waits until it is gone.
    public func kill() {
        isGone.withLock { isGone in
            // Once it was waited for, its number may be another process's.
            guard !isGone else { return }
            _ = Glibc.kill(pid, SIGKILL)
            _ = waitpid(pid, nil, 0)
            isGone = true
        }
    }

    /// Kills it and leaves it as a zombie, which is there until its parent asks for it.
    public func killUnnoticed() {
        _ = Glibc.kill(pid, SIGKILL)
        var information = unsafe siginfo_t()
        _ = unsafe waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT)
    }
}

private enum Field: Codable {
    case number(UInt64)
    case text(String)

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(UInt64.self) {
            self = .number(number)
        } else {
            self = .text(try container.decode(String.self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .number(let number): try container.encode(number)
        case .text(let text): try container.encode(text)
        }
    }
}

/// This process's identity with some fields changed.
private func altered(_ change: (inout [String: Field]) -> Void) throws -> HostIdentity {
    let own = try JSONEncoder().encode(HostIdentity.current())
    var record = try JSONDecoder().decode([String: Field].self, from: own)
    change(&record)
    return try JSONDecoder().decode(HostIdentity.self, from: try JSONEncoder().encode(record))
}
