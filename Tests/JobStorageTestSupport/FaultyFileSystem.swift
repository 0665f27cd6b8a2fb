// SPDX-License-Identifier: MIT

public import SystemPackage
public import SystemSupport

/// The local file system, with errors for renames and links that a test chooses, and with an ear for syncs.
public struct FaultyFileSystem: FileSystem {
    /// What goes wrong with a rename or a link.
    public enum RenameFault: Sendable {
        /// It happens, and an error is reported.
        case reported(Errno)
        /// It does not happen, and an error is reported.
        case refused(Errno)
    }

    private let disk: any FileSystem
    private let onSync: @Sendable (_ directory: FilePath) -> Void
    private let fault: Fault
    private let linkFault: Fault

    /// Decides what goes wrong with a call.
    public typealias Fault = @Sendable (_ source: FilePath, _ destination: FilePath) -> RenameFault?

    /// Asks the body for each link.
    public static func links(_ linkFault: @escaping Fault) -> FaultyFileSystem {
        FaultyFileSystem(linkFault: linkFault) { _, _ in nil }
    }

    /// Asks the bodies for each rename and for each link, and tells `onSync` of each directory that is synced.
    public init(
        on disk: any FileSystem = LocalFileSystem(),
        onSync: @escaping @Sendable (_ directory: FilePath) -> Void = { _ in },
        linkFault: @escaping Fault = { _, _ in nil },
        fault: @escaping Fault
    ) {
        self.disk = disk
        self.onSync = onSync
        self.fault = fault
        self.linkFault = linkFault
    }

    /// Fails as the test chose.
    public func rename(_ source: FilePath, to destination: FilePath) throws(FileError) {
        switch fault(source, destination) {
        case nil: try disk.rename(source, to: destination)
        case .reported(let errno):
            try disk.rename(source, to: destination)
            throw FileError("rename", source, errno)
        case .refused(let errno): throw FileError("rename", source, errno)
        }
    }

    /// Fails as the test chose.
    public func link(_ source: FilePath, to destination: FilePath) throws(FileError) {
        switch linkFault(source, destination) {
        case nil: try disk.link(source, to: destination)
        case .reported(let errno):
            try disk.link(source, to: destination)
            throw FileError("link", destination, errno)
        case .refused(let errno): throw FileError("link", destination, errno)
        }
    }

    // MARK: As it is

    /// Lists.
    public func seenNames(in directory: FilePath) throws(FileError) -> [String] { try disk.seenNames(in: directory) }

    /// Never fails by itself.
    public func seenNames(inUserFolder directory: FilePath) throws(FileError) -> [String] {
        try disk.seenNames(inUserFolder: directory)
    }

    /// Reads.
    public func seenContents(of file: FilePath, limit: Int) throws(FileError) -> [UInt8] {
        try disk.seenContents(of: file, limit: limit)
    }

    /// Opens a directory.
    public func refresh(_ directory: FilePath) throws(FileError) { try disk.refresh(directory) }

    /// Looks.
    public func isSeen(_ path: FilePath) throws(FileError) -> Bool { try disk.isSeen(path) }

    /// Writes.
    public func create(_ file: FilePath, contents: [UInt8], durably: Bool) throws(FileError) {
        try disk.create(file, contents: contents, durably: durably)
    }

    /// Adds.
    public func append(_ contents: [UInt8], to file: FilePath) throws(FileError) {
        try disk.append(contents, to: file)
    }

    /// Overwrites.
    public func overwrite(_ file: FilePath, contents: [UInt8]) throws(FileError) {
        try disk.overwrite(file, contents: contents)
    }

    /// Makes.
    public func makeDirectory(_ directory: FilePath) throws(FileError) { try disk.makeDirectory(directory) }

    /// Syncs.
    public func synchronize(directory: FilePath) throws(FileError) {
        try disk.synchronize(directory: directory)
        onSync(directory)
    }

    /// Syncs all.
    public func synchronizeAll(holding directory: FilePath) throws(FileError) {
        try disk.synchronizeAll(holding: directory)
    }

    /// Asks.
    public func seenAccess(to path: FilePath) throws(FileError) -> FileAccess { try disk.seenAccess(to: path) }

    /// Removes.
    public func remove(_ file: FilePath) throws(FileError) { try disk.remove(file) }

    /// Removes a directory.
    public func removeDirectory(_ directory: FilePath) throws(FileError) { try disk.removeDirectory(directory) }
}
