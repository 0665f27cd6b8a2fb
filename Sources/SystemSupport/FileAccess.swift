// SPDX-License-Identifier: MIT

private import Glibc

/// Who owns a file or directory, and who may do what with it.
public struct FileAccess: Equatable, Sendable {
    /// The number of the user who owns it.
    public let owner: UInt32
    /// The number of its group.
    public let group: UInt32
    /// The permission bits, with set-user-ID, set-group-ID and the sticky bit.
    public let mode: UInt32
    /// Whether it is a directory.
    public let isDirectory: Bool

    /// Whether users outside its owner and group may write it.
    public var isWorldWritable: Bool { mode & 0o002 != 0 }
    /// Whether what is made in this directory gets its group.
    public var passesGroupOn: Bool { mode & UInt32(S_ISGID) != 0 }

    /// States who owns a file and who may do what with it.
    public init(owner: UInt32, group: UInt32, mode: UInt32, isDirectory: Bool) {
        self.owner = owner
        self.group = group
        self.mode = mode
        self.isDirectory = isDirectory
    }

    /// States who owns a directory that the group has no part in.
    public init(owner: UInt32, isWorldWritable: Bool) {
        self.init(owner: owner, group: 0, mode: isWorldWritable ? 0o702 : 0o700, isDirectory: true)
    }
}

/// The number of the user that this process runs as.
public func currentUserIdentifier() -> UInt32 { geteuid() }

/// The number of a user given by name or by number; nil where the machine knows no such user.
public func userIdentifier(of user: String) -> UInt32? {
    if let number = UInt32(user) { return number }
    var buffer = [CChar](repeating: 0, count: 16_384)
    var entry = unsafe passwd()
    var found: UnsafeMutablePointer<passwd>?
    guard unsafe getpwnam_r(user, &entry, &buffer, buffer.count, &found) == 0, unsafe found != nil else { return nil }
    return unsafe entry.pw_uid
}
