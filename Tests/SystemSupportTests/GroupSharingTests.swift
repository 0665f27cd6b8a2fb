// SPDX-License-Identifier: MIT

import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import SystemSupport

@Suite("What is made in a shared folder")
struct GroupSharingTests {
    private let disk = LocalFileSystem()

    /// Makes a folder of a group with these bits, and gives the file system that makes what is in it.
    @discardableResult
    private func share(_ folder: FilePath, _ mode: UInt32, group: UInt32 = getegid()) throws -> LocalFileSystem {
        try disk.makeDirectory(folder)
        let isOwned = unsafe chown(folder.string, .max, group) == 0
        let isOpen = unsafe chmod(folder.string, mode) == 0
        try #require(isOwned && isOpen)
        return LocalFileSystem(sharing: GroupSharing(asOf: try disk.access(to: folder)))
    }

    @Test(
        "Files and folders have the folder's group bits and nothing for others, by whatever call they are made",
        arguments: [(0o770, 0o660), (0o2770, 0o660), (0o775, 0o660), (0o750, 0o640), (0o755, 0o640), (0o700, 0o600)]
            as [(UInt32, UInt32)]
    )
    func bits(mode: UInt32, file: UInt32) async throws {
        try await withTemporaryDirectory { place in
            let folder = place.appending("shared")
            let shared = try share(folder, mode)
            try shared.create(folder.appending("created"), contents: [1], durably: false)
            try shared.append([1], to: folder.appending("appended"))
            try shared.overwrite(folder.appending("overwritten"), contents: [1])
            try shared.replace(folder.appending("replaced"), contents: [1], by: folder.appending("draft"))
            try shared.open(folder.appending("opened"), .writeOnly, options: .exclusiveCreate).close()
            for name in ["created", "appended", "overwritten", "replaced", "opened"] {
                #expect(try disk.access(to: folder.appending(name)).mode == file, "\(name)")
            }
            try shared.makeDirectories(folder.appending("one").appending("two"))
            let below = mode & 0o2770
            #expect(try disk.access(to: folder.appending("one")).mode == below)
            #expect(try disk.access(to: folder.appending("one").appending("two")).mode == below)
        }
    }

    @Test("Ordinary files and folders take the umask that the process was started with")
    func ordinary() async throws {
        try await withTemporaryDirectory { place in
            let (file, folder) = (place.appending("file"), place.appending("folder"))
            try disk.create(file, contents: [], durably: false)
            try disk.makeDirectory(folder)
            #expect(try disk.access(to: file).mode == 0o666 & ~CreationMask.value)
            #expect(try disk.access(to: folder).mode == 0o777 & ~CreationMask.value)
        }
    }

    @Test(
        "What a process of another group makes is put into the folder's",
        .enabled(if: geteuid() == 0),
        arguments: [0o770, 0o2770, 0o2750] as [UInt32]
    )
    func group(mode: UInt32) async throws {
        try await withTemporaryDirectory { place in
            let group: UInt32 = 13_001
            let folder = place.appending("shared")
            let shared = try share(folder, mode, group: group)
            try shared.makeDirectory(folder.appending("folder"))
            try shared.append([1], to: folder.appending("file"))
            // A folder that was made before the one above it passed its group on.
            let old = folder.appending("old")
            try share(old, 0o700)
            try shared.makeDirectory(old.appending("new"))
            try shared.create(old.appending("file"), contents: [], durably: false)
            for path in [folder.appending("folder"), old.appending("new")] {
                let access = try disk.access(to: path)
                #expect(access.group == group && access.mode == mode, "\(path)")
            }
            for path in [folder.appending("file"), old.appending("file")] {
                let access = try disk.access(to: path)
                #expect(access.group == group && access.mode == 0o600 | mode & 0o060, "\(path)")
            }
        }
    }
}
