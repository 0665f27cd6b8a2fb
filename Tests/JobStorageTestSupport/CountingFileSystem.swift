// SPDX-License-Identifier: MIT

public import SystemPackage
public import SystemSupport

/// The local file system, which counts the calls that a shared one would have to answer.
public struct CountingFileSystem: FileSystem {
    private let disk = LocalFileSystem()
    private let count = Monitor(0)

    /// Starts with no calls.
    public init() {}

    /// The calls since this was last asked.
    public func callsSince() -> Int {
        count.withLock { count in
            defer { count = 0 }
            return count
        }
    }

    private func counted<Result>(_ call: () throws(FileError) -> Result) throws(FileError) -> Result {
        count.withLock { $0 += 1 }
        return try call()
    }

    /// Lists.
    public func seenNames(in directory: FilePath) throws(FileError) -> [String] {
        try counted { () throws(FileError) in try disk.seenNames(in: directory) }
    }

    /// Reads.
    public func seenContents(of file: FilePath, limit: Int) throws(FileError) -> [UInt8] {
        try counted { () throws(FileError) in try disk.seenContents(of: file, limit: limit) }
    }

    /// Opens a directory.
    public func refresh(_ directory: FilePath) throws(FileError) {
        try counted { () throws(FileError) in try disk.refresh(directory) }
    }

    /// Looks.
    public func isSeen(_ path: FilePath) throws(FileError) -> Bool {
        try counted { () throws(FileError) in try disk.isSeen(path) }
    }

    /// Writes.
    public func create(_ file: FilePath, contents: [UInt8], durably: Bool) throws(FileError) {
        try counted { () throws(FileError) in try disk.create(file, contents: contents, durably: false) }
    }

    /// Adds.
    public func append(_ contents: [UInt8], to file: FilePath) throws(FileError) {
        try counted { () throws(FileError) in try disk.append(contents, to: file) }
    }

    /// Overwrites.
    public func overwrite(_ file: FilePath, contents: [UInt8]) throws(FileError) {
        try counted { () throws(FileError) in try disk.overwrite(file, contents: contents) }
    }

    /// Renames.
    public func rename(_ source: FilePath, to destination: FilePath) throws(FileError) {
        try counted { () throws(FileError) in try disk.rename(source, to: destination) }
    }

    /// Links.
    public func link(_ source: FilePath, to destination: FilePath) throws(FileError) {
        try counted { () throws(FileError) in try disk.link(source, to: destination) }
    }

    /// Makes.
    public func makeDirectory(_ directory: FilePath) throws(FileError) {
        try counted { () throws(FileError) in try disk.makeDirectory(directory) }
    }

    /// Counts a sync, and makes none: what is counted here needs not outlive a power cut.
    public func synchronize(directory: FilePath) throws(FileError) { count.withLock { $0 += 1 } }

    /// Counts a sync, and makes none.
    public func synchronizeAll(holding directory: FilePath) throws(FileError) { count.withLock { $0 += 1 } }

    /// Asks.
    public func seenAccess(to path: FilePath) throws(FileError) -> FileAccess {
        try counted { () throws(FileError) in try disk.seenAccess(to: path) }
    }

    /// Removes.
    public func remove(_ file: FilePath) throws(FileError) {
        try counted { () throws(FileError) in try disk.remove(file) }
    }

    /// Removes a directory.
    public func removeDirectory(_ directory: FilePath) throws(FileError) {
        try counted { () throws(FileError) in try disk.removeDirectory(directory) }
    }
}
