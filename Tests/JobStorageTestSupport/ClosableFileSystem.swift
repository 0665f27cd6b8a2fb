// SPDX-License-Identifier: MIT

public import SystemPackage
public import SystemSupport

/// The local file system, of which a part can be closed to whoever uses it, as an NFS export that is withdrawn.
public struct ClosableFileSystem: FileSystem {
    private let disk = LocalFileSystem()
    private let closed = Monitor<FilePath?>(nil)

    /// All is open.
    public init() {}

    /// Closes a folder with all that is in it, and opens what was closed before.
    public func close(_ folder: FilePath?) { closed.withLock { $0 = folder } }

    /// Passes a call on unless its place is closed.
    private func open<Result>(
        _ operation: String,
        _ path: FilePath,
        _ body: () throws(FileError) -> Result
    ) throws(FileError) -> Result {
        if let folder = closed.withLock({ $0 }), path.starts(with: folder) {
            throw FileError(operation, path, .permissionDenied)
        }
        return try body()
    }

    /// Lists.
    public func seenNames(in directory: FilePath) throws(FileError) -> [String] {
        try open("list", directory) { () throws(FileError) in try disk.seenNames(in: directory) }
    }

    /// Lists.
    public func seenNames(inUserFolder directory: FilePath) throws(FileError) -> [String] {
        try open("list", directory) { () throws(FileError) in try disk.seenNames(inUserFolder: directory) }
    }

    /// Reads.
    public func seenContents(of file: FilePath, limit: Int) throws(FileError) -> [UInt8] {
        try open("read", file) { () throws(FileError) in try disk.seenContents(of: file, limit: limit) }
    }

    /// Looks.
    public func isSeen(_ path: FilePath) throws(FileError) -> Bool {
        try open("open", path) { () throws(FileError) in try disk.isSeen(path) }
    }

    /// Opens a directory.
    public func refresh(_ directory: FilePath) throws(FileError) {
        try open("open", directory) { () throws(FileError) in try disk.refresh(directory) }
    }

    /// Asks.
    public func seenAccess(to path: FilePath) throws(FileError) -> FileAccess {
        try open("inspect", path) { () throws(FileError) in try disk.seenAccess(to: path) }
    }

    /// Writes.
    public func create(_ file: FilePath, contents: [UInt8], durably: Bool) throws(FileError) {
        try open("write", file) { () throws(FileError) in
            try disk.create(file, contents: contents, durably: durably)
        }
    }

    /// Adds.
    public func append(_ contents: [UInt8], to file: FilePath) throws(FileError) {
        try open("append to", file) { () throws(FileError) in try disk.append(contents, to: file) }
    }

    /// Overwrites.
    public func overwrite(_ file: FilePath, contents: [UInt8]) throws(FileError) {
        try open("write", file) { () throws(FileError) in try disk.overwrite(file, contents: contents) }
    }

    /// Renames.
    public func rename(_ source: FilePath, to destination: FilePath) throws(FileError) {
        try open("rename", source) { () throws(FileError) in try disk.rename(source, to: destination) }
    }

    /// Links.
    public func link(_ source: FilePath, to destination: FilePath) throws(FileError) {
        try open("link", destination) { () throws(FileError) in try disk.link(source, to: destination) }
    }

    /// Makes.
    public func makeDirectory(_ directory: FilePath) throws(FileError) {
        try open("make the directory", directory) { () throws(FileError) in try disk.makeDirectory(directory) }
    }

    /// Syncs.
    public func synchronize(directory: FilePath) throws(FileError) {
        try open("sync", directory) { () throws(FileError) in try disk.synchronize(directory: directory) }
    }

    /// Syncs all.
    public func synchronizeAll(holding directory: FilePath) throws(FileError) {
        try open("sync", directory) { () throws(FileError) in try disk.synchronizeAll(holding: directory) }
    }

    /// Removes.
    public func remove(_ file: FilePath) throws(FileError) {
        try open("remove", file) { () throws(FileError) in try disk.remove(file) }
    }

    /// Removes a directory.
    public func removeDirectory(_ directory: FilePath) throws(FileError) {
        try open("remove", directory) { () throws(FileError) in try disk.removeDirectory(directory) }
    }
}
