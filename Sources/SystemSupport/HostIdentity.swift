// SPDX-License-Identifier: MIT

private import Glibc
private import SystemPackage

/// What tells this process from any other, now and later, here and elsewhere.
public struct HostIdentity: Hashable, Codable, Sendable {
    /// The machine's name.
    public let host: String
    /// The kernel's identifier of the machine's current start, 32 hexadecimal digits.
    public let bootIdentifier: String
    /// The pid namespace that the process number belongs to.
    public let pidNamespace: String
    /// The number of the process.
    public let pid: Int32
    /// When the process started, in the kernel's clock ticks since the machine's start.
    public let startTicks: UInt64
    /// The user it runs as.
    public let uid: UInt32

    /// Describes a process.
    public init(
        host: String,
        bootIdentifier: String,
        pidNamespace: String,
        pid: Int32,
        startTicks: UInt64,
        uid: UInt32
    ) {
        self.host = host
        self.bootIdentifier = bootIdentifier
        self.pidNamespace = pidNamespace
        self.pid = pid
        self.startTicks = startTicks
        self.uid = uid
    }

    /// The identity of this process.
    public static func current() throws(FileError) -> HostIdentity {
        let pid = getpid()
        return HostIdentity(
            host: try text(of: "/proc/sys/kernel/hostname"),
            bootIdentifier: try text(of: "/proc/sys/kernel/random/boot_id").filter { $0 != "-" },
            pidNamespace: namespace(of: "self"),
            pid: pid,
            startTicks: record(of: pid)?.startTicks ?? 0,
            uid: getuid()
        )
    }

    /// Whether this process is known to be gone: only ever true on its own machine, namespace and user.
    public func isProvablyDead(seenFrom observer: HostIdentity) -> Bool {
        guard bootIdentifier == observer.bootIdentifier, pidNamespace == observer.pidNamespace, uid == observer.uid,
            !pidNamespace.isEmpty
        else { return false }
        if kill(pid, 0) != 0, Glibc.errno == ESRCH { return true }
        guard let record = Self.record(of: pid) else { return false }
        return record.startTicks != startTicks || record.isZombie
    }

    private static func namespace(of process: String) -> String {
        var buffer = [CChar](repeating: 0, count: 128)
        let count = unsafe readlink("/proc/\(process)/ns/pid", &buffer, buffer.count - 1)
        guard count > 0 else { return "" }
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// What the kernel tells of a process.
    private struct Record {
        let startTicks: UInt64
        /// Whether it has ended and only its parent has not asked for it yet; not one whose other threads still run.
        let isZombie: Bool
    }

    /// Reads the fields 3, 20 and 22 of the process's stat record; its second field may hold spaces and parentheses.
    private static func record(of pid: Int32) -> Record? {
        guard let record = try? text(of: FilePath("/proc/\(pid)/stat")), let nameEnd = record.lastIndex(of: ")") else {
            return nil
        }
        let fields = record[record.index(after: nameEnd)...].split(separator: " ")
        guard fields.count > 19, let ticks = UInt64(fields[19]), let threads = Int(fields[17]) else { return nil }
        return Record(startTicks: ticks, isZombie: (fields[0] == "Z" || fields[0] == "X") && threads <= 1)
    }

    /// Files of the kernel have no size, so they are read until their end.
    private static func text(of path: FilePath) throws(FileError) -> String {
        do {
            let descriptor = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
            return try descriptor.closeAfter {
                var bytes = [UInt8](repeating: 0, count: 4096)
                let count = try unsafe bytes.withUnsafeMutableBytes { try unsafe descriptor.read(into: $0) }
                let text = String(decoding: bytes.prefix(count), as: UTF8.self)
                return text.hasSuffix("\n") ? String(text.dropLast()) : text
            }
        } catch {
            throw FileError("read", path, error as? Errno ?? .ioError)
        }
    }
}
