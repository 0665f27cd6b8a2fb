// SPDX-License-Identifier: MIT

private import Glibc

/// Who owns a file or directory, and whether everybody may write it.
public struct FileAccess: Equatable, Sendable {
    /// The number of the user who owns it.
    public let owner: UInt32
    /// Whether users outside its owner and group may write it.
    public let isWorldWritable: Bool

    /// States who owns a file and who may write it.
    public init(owner: UInt32, isWorldWritable: Bool) {
        self.owner = owner
        self.isWorldWritable = isWorldWritable
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
