// SPDX-License-Identifier: MIT

private import Glibc
public import SystemPackage
public import SystemSupport

/// The local file system as an NFS client shows it, until the directory above a name is opened: a name that was once asked
/// for and not there stays absent, and one that was there leads to the file that had it, whatever others do.
public struct RememberingFileSystem: FileSystem {
    private let disk = LocalFileSystem()
    private let absent = Monitor<Set<FilePath>>([])
    private let present = Monitor<[FilePath: KnownFile]>([:])
    private let refreshes = Monitor(0)
    private let closed: FilePath?
    private let errno: Errno

    /// Remembers nothing; one directory may be passed and not be opened, for the reason given.
    public init(closed: FilePath? = nil, errno: Errno = .permissionDenied) {
        self.closed = closed
        self.errno = errno
    }

    /// How many directories were opened for what is in them.
    public var refreshCount: Int { refreshes.withLock { $0 } }

    /// What is remembered of a path: the error that its use comes to, unless the server is to be asked.
    private func require(_ operation: String, _ path: FilePath) throws(FileError) {
        var prefix = FilePath(root: path.root, [])
        for component in path.components {
            prefix.append(component)
            let name = prefix
            if absent.withLock({ $0.contains(name) }) { throw FileError(operation, path, .noSuchFileOrDirectory) }
            if try !disk.isSeen(name) {
                absent.withLock { _ = $0.insert(name) }
                throw FileError(operation, path, .noSuchFileOrDirectory)
            }
        }
    }

    /// The content of the file that had a name when it was last asked for, where it has another one by now.
    private func formerContents(of file: FilePath) -> [UInt8]? {
        guard let known = present.withLock({ $0[file] }), known.isElsewhere(than: file) else { return nil }
        return known.contents
    }

    /// Takes in which file has a name.
    private func note(_ file: FilePath) {
        guard let contents = try? disk.seenContents(of: file, limit: 1 << 20),
            let descriptor = try? FileDescriptor.open(file, .readOnly, options: .closeOnExec)
        else { return }
        let known = KnownFile(descriptor, contents)
        present.withLock { $0[file] = known }
    }

    private func forget(namesIn directory: FilePath) {
        present.withLock { $0 = $0.filter { $0.key.removingLastComponent() != directory } }
        absent.withLock { $0 = $0.filter { $0.removingLastComponent() != directory } }
    }

    private func make(_ path: FilePath, _ body: () throws(FileError) -> Void) throws(FileError) {
        try require("make", path.removingLastComponent())
        absent.withLock { _ = $0.remove(path) }
        present.withLock { $0[path] = nil }
        try body()
    }

    // MARK: Seeing

    /// Lists, which opens the directory.
    public func seenNames(in directory: FilePath) throws(FileError) -> [String] {
        try require("list", directory)
        forget(namesIn: directory)
        return try disk.seenNames(in: directory)
    }

    /// Reads.
    public func seenContents(of file: FilePath, limit: Int) throws(FileError) -> [UInt8] {
        if let former = formerContents(of: file) { return former }
        try require("read", file)
        note(file)
        return try disk.seenContents(of: file, limit: limit)
    }

    /// Looks.
    public func isSeen(_ path: FilePath) throws(FileError) -> Bool {
        if formerContents(of: path) != nil { return true }
        do throws(FileError) { try require("open", path) } catch  where error.isAbsence { return false }
        note(path)
        return true
    }

    /// Asks.
    public func seenAccess(to path: FilePath) throws(FileError) -> FileAccess {
        try require("inspect", path)
        return try disk.seenAccess(to: path)
    }

    /// Opens a directory.
    public func refresh(_ directory: FilePath) throws(FileError) {
        refreshes.withLock { $0 += 1 }
        try require("open", directory)
        if directory == closed { throw FileError("open", directory, errno) }
        forget(namesIn: directory)
    }

    // MARK: Making

    /// Writes.
    public func create(_ file: FilePath, contents: [UInt8], durably: Bool) throws(FileError) {
        try make(file) { () throws(FileError) in try disk.create(file, contents: contents, durably: durably) }
    }

    /// Adds.
    public func append(_ contents: [UInt8], to file: FilePath) throws(FileError) {
        try make(file) { () throws(FileError) in try disk.append(contents, to: file) }
    }

    /// Overwrites.
    public func overwrite(_ file: FilePath, contents: [UInt8]) throws(FileError) {
        try make(file) { () throws(FileError) in try disk.overwrite(file, contents: contents) }
    }

    /// Renames what is not remembered as absent.
    public func rename(_ source: FilePath, to destination: FilePath) throws(FileError) {
        try require("rename", source)
        present.withLock { $0[source] = nil }
        try make(destination) { () throws(FileError) in try disk.rename(source, to: destination) }
    }

    /// Links what is not remembered as absent.
    public func link(_ source: FilePath, to destination: FilePath) throws(FileError) {
        try require("link", source)
        try make(destination) { () throws(FileError) in try disk.link(source, to: destination) }
    }

    /// Makes.
    public func makeDirectory(_ directory: FilePath) throws(FileError) {
        try make(directory) { () throws(FileError) in try disk.makeDirectory(directory) }
    }

    /// Syncs.
    public func synchronize(directory: FilePath) throws(FileError) { try disk.synchronize(directory: directory) }

    /// Syncs all.
    public func synchronizeAll(holding directory: FilePath) throws(FileError) {
        try disk.synchronizeAll(holding: directory)
    }

    /// Removes.
    public func remove(_ file: FilePath) throws(FileError) { try disk.remove(file) }

    /// Removes a directory.
    public func removeDirectory(_ directory: FilePath) throws(FileError) { try disk.removeDirectory(directory) }
}

/// A file as it was when it had a name, held open.
private final class KnownFile: Sendable {
    let contents: [UInt8]
    private let descriptor: FileDescriptor

    init(_ descriptor: FileDescriptor, _ contents: [UInt8]) {
        (self.descriptor, self.contents) = (descriptor, contents)
    }

    deinit { try? descriptor.close() }

    /// Whether it still exists, and not by this name; of one that was removed, a server says that its handle is stale.
    func isElsewhere(than name: FilePath) -> Bool {
        var (own, other) = (stat(), stat())
        guard unsafe fstat(descriptor.rawValue, &own) == 0, own.st_nlink > 0 else { return false }
        return unsafe lstat(name.string, &other) != 0 || own.st_ino != other.st_ino
    }
}
