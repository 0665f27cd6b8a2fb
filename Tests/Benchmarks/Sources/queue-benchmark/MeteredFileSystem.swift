// SPDX-License-Identifier: MIT

import Glibc
import SystemPackage
import SystemSupport

/// How often each call was made.
struct CallCounts: Codable {
    /// Calls that change or list a directory, which a file server must answer one by one.
    var lists = 0, creates = 0, renames = 0, links = 0, makes = 0, removes = 0
    /// Files that were opened by name without making one.
    var opens = 0
    /// Waits until something is on the disk.
    var syncs = 0
    /// Renames that others were quicker than.
    var lostRenames = 0

    /// All that change or list a directory.
    var metadata: Int { lists + creates + renames + links + makes + removes }
}

/// The local file system with every call counted, and with nothing made durable where that is asked.
struct MeteredFileSystem: FileSystem {
    let isSyncing: Bool
    let counts = Monitor(CallCounts())
    private let disk = LocalFileSystem()

    init(isSyncing: Bool) {
        self.isSyncing = isSyncing
    }

    private func count(_ call: WritableKeyPath<CallCounts, Int> & Sendable, syncs: Bool = false) {
        counts.withLock { counts in
            counts[keyPath: call] += 1
            if syncs, isSyncing { counts.syncs += 1 }
        }
    }

    func seenNames(in directory: FilePath) throws(FileError) -> [String] {
        count(\.lists)
        return try disk.seenNames(in: directory)
    }

    func seenContents(of file: FilePath, limit: Int) throws(FileError) -> [UInt8] {
        count(\.opens)
        return try disk.seenContents(of: file, limit: limit)
    }

    func isSeen(_ path: FilePath) throws(FileError) -> Bool {
        count(\.opens)
        return try disk.isSeen(path)
    }

    func refresh(_ directory: FilePath) throws(FileError) {
        count(\.opens)
        try disk.refresh(directory)
    }

    func create(_ file: FilePath, contents: [UInt8], durably: Bool) throws(FileError) {
        count(\.creates, syncs: durably)
        try disk.create(file, contents: contents, durably: durably && isSyncing)
    }

    func append(_ contents: [UInt8], to file: FilePath) throws(FileError) {
        count(\.opens)
        try disk.append(contents, to: file)
    }

    func overwrite(_ file: FilePath, contents: [UInt8]) throws(FileError) {
        count(\.opens, syncs: true)
        if isSyncing { return try disk.overwrite(file, contents: contents) }
        do {
            let descriptor = try FileDescriptor.open(
                file,
                .writeOnly,
                options: [.create, .noFollow, .closeOnExec],
                permissions: [.ownerReadWrite]
            )
            try descriptor.closeAfter {
                _ = try descriptor.writeAll(toAbsoluteOffset: 0, contents)
                if ftruncate(descriptor.rawValue, contents.count) != 0 { throw Errno(rawValue: Glibc.errno) }
            }
        } catch {
            throw FileError("write", file, error as? Errno ?? .ioError)
        }
    }

    func rename(_ source: FilePath, to destination: FilePath) throws(FileError) {
        count(\.renames)
        do throws(FileError) { try disk.rename(source, to: destination) } catch {
            count(\.lostRenames)
            throw error
        }
    }

    func link(_ source: FilePath, to destination: FilePath) throws(FileError) {
        count(\.links)
        try disk.link(source, to: destination)
    }

    func makeDirectory(_ directory: FilePath) throws(FileError) {
        count(\.makes)
        try disk.makeDirectory(directory)
    }

    func synchronize(directory: FilePath) throws(FileError) {
        guard isSyncing else { return }
        count(\.opens, syncs: true)
        try disk.synchronize(directory: directory)
    }

    func synchronizeAll(holding directory: FilePath) throws(FileError) {
        guard isSyncing else { return }
        count(\.opens, syncs: true)
        try disk.synchronizeAll(holding: directory)
    }

    func seenAccess(to path: FilePath) throws(FileError) -> FileAccess {
        count(\.opens)
        return try disk.seenAccess(to: path)
    }

    func remove(_ file: FilePath) throws(FileError) {
        count(\.removes)
        try disk.remove(file)
    }

    func removeDirectory(_ directory: FilePath) throws(FileError) {
        count(\.removes)
        try disk.removeDirectory(directory)
    }
}
