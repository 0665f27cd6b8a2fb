// SPDX-License-Identifier: MIT

private import Glibc
public import SystemPackage

/// The mount that holds a file, as the kernel describes it.
public struct MountInformation: Equatable, Sendable {
    /// The type of the file system: "nfs4", "ext4".
    public let type: String
    /// Where it is mounted.
    public let point: FilePath
    /// The options of the mount and of its file system.
    public let options: [String]

    /// Finds the mount that holds a path, without links in it; nil where it cannot be told.
    public init?(of path: FilePath) {
        guard let table = try? Self.table() else { return nil }
        var best: MountInformation?
        for line in table.split(separator: "\n") {
            guard let mount = Self(line: line), path.starts(with: mount.point) else { continue }
            // The last of several mounts at one place is the one that is seen.
            if mount.point.components.count >= best?.point.components.count ?? 0 { best = mount }
        }
        guard let best else { return nil }
        self = best
    }

    /// Reads a line of /proc/self/mountinfo: its fifth field is the place, its sixth the options; after a dash stand type,
    /// source and the file system's own options.
    init?(line: Substring) {
        let halves = line.split(separator: " - ", maxSplits: 1)
        guard halves.count == 2 else { return nil }
        let fields = halves[0].split(separator: " ")
        let rest = halves[1].split(separator: " ")
        guard fields.count >= 6, rest.count >= 3 else { return nil }
        type = String(rest[0])
        point = FilePath(Self.unescaped(fields[4]))
        options = (fields[5].split(separator: ",") + rest[2].split(separator: ",")).map(String.init)
    }

    /// Spaces and the like stand as three octal digits after a backslash.
    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                bytes.append(value)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func table() throws -> String {
        let descriptor = try FileDescriptor.open(FilePath("/proc/self/mountinfo"), .readOnly, options: .closeOnExec)
        return try descriptor.closeAfter {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            while true {
                let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe descriptor.read(into: $0) }
                if count == 0 { return String(decoding: bytes, as: UTF8.self) }
                bytes += buffer.prefix(count)
            }
        }
    }
}

/// How much room a file system has.
public struct FreeSpace: Equatable, Sendable {
    /// Bytes that this user may still write.
    public let bytes: Int
    /// Files that can still be made; nil where the file system does not count them.
    public let files: Int?

    /// Asks the file system that holds a path.
    public init(at path: FilePath) throws(FileError) {
        var status = statvfs()
        guard unsafe statvfs(path.string, &status) == 0 else {
            throw FileError("look at", path, Errno(rawValue: Glibc.errno))
        }
        bytes = Int(status.f_bavail) * Int(status.f_frsize)
        files = status.f_files == 0 ? nil : Int(status.f_favail)
    }
}
