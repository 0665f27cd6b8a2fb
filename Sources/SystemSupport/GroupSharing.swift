// SPDX-License-Identifier: MIT

private import Glibc

/// What the group of a shared folder may do with what is made in it, whatever the umask of the process that makes it.
public struct GroupSharing: Equatable, Sendable {
    /// The group's bits of a new folder, of 0o070.
    public let folderBits: UInt32
    /// The group that new files and folders must have; nil for any.
    let group: UInt32?
    /// Whether folders pass their group on to what is made in them.
    let passesGroupOn: Bool

    /// The group's bits of a new file, of 0o060.
    var fileBits: UInt32 { folderBits & 0o060 }

    /// As much as the process's umask allows, in whatever group.
    public static var byMask: GroupSharing {
        GroupSharing(folderBits: 0o070 & ~CreationMask.value, group: nil, passesGroupOn: false)
    }

    /// What a folder's own group bits say; `more` are further ones, which count where the group may enter at all.
    public init(asOf folder: FileAccess, adding more: UInt32 = 0) {
        let bits = folder.mode & 0o070
        self.init(
            folderBits: bits == 0 ? 0 : bits | more & 0o070,
            group: folder.group,
            passesGroupOn: folder.passesGroupOn
        )
    }

    private init(folderBits: UInt32, group: UInt32?, passesGroupOn: Bool) {
        self.folderBits = folderBits
        self.group = group
        self.passesGroupOn = passesGroupOn
    }
}

/// The umask that the process was started with.
enum CreationMask {
    /// Asking for it takes the group's bits out of the process's umask, once and for all.
    ///
    /// The kernel would take them from what is made in a shared folder, and to give them back after a file was made is
    /// too late: others of the group have met it by then. So whoever makes a file or folder asks here first, and states
    /// exactly which bits it gets.
    static let value: UInt32 = {
        let mask = umask(0o077)
        _ = umask(mask & ~0o070)
        return mask
    }()
}
