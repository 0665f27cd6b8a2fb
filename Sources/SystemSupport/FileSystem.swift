// SPDX-License-Identifier: MIT

public import SystemPackage

/// The calls by which a shared directory is read and changed, each as close to one system call as can be.
///
/// The job directory is written against this protocol and never against the disk, so that faults can
/// be put between any two calls. Paths are taken as they are; nothing is retried except on EINTR.
///
/// What is *seen* is as this machine has it: what it takes for absent may have been made a minute ago by another one.
/// Whoever draws a conclusion from an absence asks by the calls without that word (`Absence.swift`).
public protocol FileSystem: Sendable {
    /// The names in a directory, from a fresh open, without "." and "..", in no particular order. A link is none.
    func seenNames(in directory: FilePath) throws(FileError) -> [String]

    /// The names in a directory that a user named, through a link where it is one.
    func seenNames(inUserFolder directory: FilePath) throws(FileError) -> [String]

    /// A file's bytes.
    ///
    /// Links are not followed. A file longer than `limit` bytes is refused with EFBIG.
    func seenContents(of file: FilePath, limit: Int) throws(FileError) -> [UInt8]

    /// Whether a file or directory can be opened under this name now.
    func isSeen(_ path: FilePath) throws(FileError) -> Bool

    /// Who owns a file or directory and who may write it.
    func seenAccess(to path: FilePath) throws(FileError) -> FileAccess

    /// Opens a directory and closes it, by which a machine learns anew what is in it.
    func refresh(_ directory: FilePath) throws(FileError)

    /// Writes a file that must not exist yet (EEXIST), and syncs it where asked.
    ///
    /// On an error nothing stays under the name, as far as the system allows.
    func create(_ file: FilePath, contents: [UInt8], durably: Bool) throws(FileError)

    /// Adds bytes at the end of a file, which need not exist, without syncing it.
    func append(_ contents: [UInt8], to file: FilePath) throws(FileError)

    /// Replaces the content of a file in place, which need not exist, and syncs it.
    func overwrite(_ file: FilePath, contents: [UInt8]) throws(FileError)

    /// Gives a file or directory a new name.
    func rename(_ source: FilePath, to destination: FilePath) throws(FileError)

    /// Gives a file a second name; EEXIST where that name is taken.
    func link(_ source: FilePath, to destination: FilePath) throws(FileError)

    /// Makes a directory whose parent exists; EEXIST where the name is taken.
    func makeDirectory(_ directory: FilePath) throws(FileError)

    /// Makes the names in a directory survive a power cut.
    func synchronize(directory: FilePath) throws(FileError)

    /// Makes everything written so far to the file system that holds a directory survive a power cut.
    ///
    /// One call for many small files costs what one file's sync costs.
    func synchronizeAll(holding directory: FilePath) throws(FileError)

    /// The same file system, of which what it makes from now on is shared with a group.
    func sharing(_ sharing: GroupSharing) -> any FileSystem

    /// Removes a file.
    func remove(_ file: FilePath) throws(FileError)

    /// Removes an empty directory.
    func removeDirectory(_ directory: FilePath) throws(FileError)
}

extension FileSystem {
    /// The same, where a file system knows no groups.
    public func sharing(_ sharing: GroupSharing) -> any FileSystem { self }

    /// As for any other directory, where a file system has no links.
    public func seenNames(inUserFolder directory: FilePath) throws(FileError) -> [String] {
        try seenNames(in: directory)
    }

    /// Makes a directory and all missing ones above it; present ones are left as they are.
    public func makeDirectories(_ directory: FilePath) throws(FileError) {
        // Where it is there and not seen, making it tells.
        if try isSeen(directory) { return }
        let parent = directory.parent
        if !parent.isEmpty, parent != directory { try makeDirectories(parent) }
        do throws(FileError) {
            try makeDirectory(directory)
        } catch  where error.errno == .fileExists {
            // Another process was quicker.
        }
    }

    /// Removes a directory and all below it.
    ///
    /// Links are removed, not followed. What is gone already is no error.
    public func removeTree(_ path: FilePath) throws(FileError) {
        do throws(FileError) {
            try remove(path)
        } catch  where error.errno == .isDirectory || error.errno == .notPermitted {
            for name in try names(in: path) { try removeTree(path.below(name)) }
            try removeDirectory(path)
        } catch  where error.errno == .noSuchFileOrDirectory {
            return
        }
    }

    /// Writes a file that appears whole or not at all, replacing what has its name, and syncs file and directory.
    ///
    /// `temporaryName` must be on the same file system and nobody else's.
    public func replace(
        _ file: FilePath,
        contents: [UInt8],
        by temporaryName: FilePath
    ) throws(FileError) {
        try create(temporaryName, contents: contents, durably: true)
        try moveIntoPlace(temporaryName, as: file)
    }

    /// Gives a synced file its name, replacing what has it, and syncs the directory; on an error the file is removed.
    public func moveIntoPlace(_ temporaryName: FilePath, as file: FilePath) throws(FileError) {
        do throws(FileError) {
            try rename(temporaryName, to: file)
        } catch {
            try? remove(temporaryName)
            throw error
        }
        try synchronize(directory: file.parent)
    }
}
