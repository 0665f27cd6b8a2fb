// SPDX-License-Identifier: MIT

private import CLinux
private import Glibc
public import SystemPackage

/// The file system of this machine, mounts of shared ones included.
///
/// What it makes is an ordinary user's: 0666 and 0777, less the umask; or shared with a group.
public struct LocalFileSystem: FileSystem {
    private let shared: GroupSharing?

    /// Makes ordinary files.
    public init() { shared = nil }

    /// Makes files and folders that nobody but their owner and a group may use, the latter as is said here.
    public init(sharing: GroupSharing) { shared = sharing }

    /// The same, of which what it makes is shared with a group.
    public func sharing(_ sharing: GroupSharing) -> any FileSystem { LocalFileSystem(sharing: sharing) }

    /// Reads the whole directory before it returns; a link is no directory.
    public func seenNames(in directory: FilePath) throws(FileError) -> [String] {
        try names(in: directory, options: .noFollow)
    }

    /// The names in a directory that a user named, through links where it is one.
    ///
    /// Not for what lies in the job directory, where a link could lead to what its writers may not touch.
    public func seenNames(inUserFolder directory: FilePath) throws(FileError) -> [String] {
        try names(in: directory, options: [])
    }

    private func names(
        in directory: FilePath,
        options: FileDescriptor.OpenOptions
    ) throws(FileError) -> [String] {
        let descriptor = try attempt("list", directory) {
            try FileDescriptor.open(directory, .readOnly, options: options.union([.directory, .closeOnExec]))
        }
        guard let stream = unsafe fdopendir(descriptor.rawValue) else {
            let failure = Errno(rawValue: Glibc.errno)
            try? descriptor.close()
            throw FileError("list", directory, failure)
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while true {
            Glibc.errno = 0
            guard let entry = unsafe readdir(stream) else { break }
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        let failure = Errno(rawValue: Glibc.errno)
        if failure.rawValue != 0 { throw FileError("list", directory, failure) }
        return names
    }

    /// Reads with `pread`, so a file that grows meanwhile is cut at the size it had.
    ///
    /// A pipe under the name is refused, not waited for.
    public func seenContents(of file: FilePath, limit: Int) throws(FileError) -> [UInt8] {
        try contents(of: file, limit: limit, options: .noFollow)
    }

    /// The bytes of a file that a user named, through links where it is one.
    ///
    /// Not for the job directory, where a link could lead to what its writers may not read.
    public func contents(ofUserFile file: FilePath, limit: Int) throws(FileError) -> [UInt8] {
        try askingAgain(for: file) { () throws(FileError) in try contents(of: file, limit: limit, options: []) }
    }

    private func contents(
        of file: FilePath,
        limit: Int,
        options: FileDescriptor.OpenOptions
    ) throws(FileError) -> [UInt8] {
        try attempt("read", file) {
            let descriptor = try FileDescriptor.open(
                file,
                .readOnly,
                options: options.union([.closeOnExec, .nonBlocking])
            )
            return try descriptor.closeAfter {
                let status = try status(of: descriptor)
                let kind = status.st_mode & S_IFMT
                guard kind == S_IFREG else { throw kind == S_IFDIR ? Errno.isDirectory : Errno.illegalSeek }
                let size = Int(status.st_size)
                guard size <= limit else { throw Errno.fileTooLarge }
                var bytes = [UInt8](repeating: 0, count: size)
                var filled = 0
                while filled < size {
                    let count = try unsafe bytes.withUnsafeMutableBytes { buffer in
                        try unsafe descriptor.read(
                            fromAbsoluteOffset: Int64(filled),
                            into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
                        )
                    }
                    if count == 0 { break }
                    filled += count
                }
                bytes.removeLast(size - filled)
                return bytes
            }
        }
    }

    /// Opens and closes: a `stat` may be answered from an NFS client's cache.
    public func isSeen(_ path: FilePath) throws(FileError) -> Bool {
        do throws(FileError) {
            try attempt("open", path) {
                try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking]).close()
            }
            return true
        } catch  where error.isAbsence {
            return false
        }
    }

    /// Opens with O_DIRECTORY: close-to-open consistency makes an NFS client ask for a directory's attributes then, and
    /// forget what it remembers of the names in it where they have changed.
    public func refresh(_ directory: FilePath) throws(FileError) {
        try attempt("open", directory) {
            try FileDescriptor.open(directory, .readOnly, options: [.directory, .closeOnExec]).close()
        }
    }

    /// Opens a file to be read by a reader of its own, who closes it.
    ///
    /// A pipe under the name is not waited for.
    public func open(toRead file: FilePath, options: FileDescriptor.OpenOptions = []) throws(FileError)
        -> FileDescriptor
    {
        try askingAgain(for: file) { () throws(FileError) in
            try attempt("read", file) {
                try FileDescriptor.open(file, .readOnly, options: options.union([.closeOnExec, .nonBlocking]))
            }
        }
    }

    /// How many bytes a file has that a user named, through links where it is one.
    public func byteCount(ofUserFile file: FilePath) throws(FileError) -> Int {
        let descriptor = try open(toRead: file)
        defer { try? descriptor.close() }
        return try attempt("read", file) { Int(try status(of: descriptor).st_size) }
    }

    /// Opens with O_EXCL.
    public func create(_ file: FilePath, contents: [UInt8], durably: Bool) throws(FileError) {
        try attempt("write", file) {
            let descriptor = try opened(file, .writeOnly, .exclusiveCreate)
            do {
                try descriptor.closeAfter {
                    _ = try descriptor.writeAll(contents)
                    if durably { try synchronize(descriptor) }
                }
            } catch {
                _ = unsafe unlink(file.string)
                throw error
            }
        }
    }

    /// Opens with O_APPEND, so that lines of several threads do not mix.
    public func append(_ contents: [UInt8], to file: FilePath) throws(FileError) {
        try attempt("append to", file) {
            let descriptor = try opened(file, .writeOnly, [.append, .noFollow])
            try descriptor.closeAfter { _ = try descriptor.writeAll(contents) }
        }
    }

    /// Opens without following a link.
    public func overwrite(_ file: FilePath, contents: [UInt8]) throws(FileError) {
        try attempt("write", file) {
            let descriptor = try opened(file, .writeOnly, .noFollow)
            try descriptor.closeAfter {
                _ = try descriptor.writeAll(toAbsoluteOffset: 0, contents)
                if ftruncate(descriptor.rawValue, contents.count) != 0 { throw Errno(rawValue: Glibc.errno) }
                try synchronize(descriptor)
            }
        }
    }

    /// One `rename(2)`.
    public func rename(_ source: FilePath, to destination: FilePath) throws(FileError) {
        try check(unsafe Glibc.rename(source.string, destination.string), "rename", source)
    }

    /// One `link(2)`.
    public func link(_ source: FilePath, to destination: FilePath) throws(FileError) {
        try check(unsafe Glibc.link(source.string, destination.string), "link", destination)
    }

    /// One `mkdir(2)`, and in a group that is not the process's own a look at which it got.
    public func makeDirectory(_ directory: FilePath) throws(FileError) {
        try check(unsafe mkdir(directory.string, directoryMode), "make the directory", directory)
        guard mustSettleGroup,
            let opened = try? FileDescriptor.open(directory, .readOnly, options: [.noFollow, .closeOnExec])
        else { return }
        settleGroup(of: opened)
        try? opened.close()
    }

    /// Opens a file, which need not exist, for a writer of its own; the caller closes it.
    public func open(
        _ file: FilePath,
        _ mode: FileDescriptor.AccessMode,
        options: FileDescriptor.OpenOptions
    ) throws(FileError) -> FileDescriptor {
        try attempt("write", file) { try opened(file, mode, options) }
    }

    private func opened(
        _ file: FilePath,
        _ mode: FileDescriptor.AccessMode,
        _ options: FileDescriptor.OpenOptions
    ) throws -> FileDescriptor {
        let descriptor = try FileDescriptor.open(
            file,
            mode,
            options: options.union([.create, .closeOnExec]),
            permissions: FilePermissions(rawValue: fileMode)
        )
        if mustSettleGroup { settleGroup(of: descriptor) }
        return descriptor
    }

    /// One `fsync(2)` on the directory.
    public func synchronize(directory: FilePath) throws(FileError) {
        try attempt("sync", directory) {
            let descriptor = try FileDescriptor.open(directory, .readOnly, options: [.directory, .closeOnExec])
            try descriptor.closeAfter { try synchronize(descriptor) }
        }
    }

    /// One `syncfs(2)`.
    public func synchronizeAll(holding directory: FilePath) throws(FileError) {
        try attempt("sync", directory) {
            let descriptor = try FileDescriptor.open(directory, .readOnly, options: [.directory, .closeOnExec])
            try descriptor.closeAfter {
                if syncfs(descriptor.rawValue) != 0 { throw Errno(rawValue: Glibc.errno) }
            }
        }
    }

    /// Opens first: a `stat` by name may be answered from an NFS client's cache.
    public func seenAccess(to path: FilePath) throws(FileError) -> FileAccess {
        try attempt("inspect", path) {
            let descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
            return try descriptor.closeAfter {
                let status = try status(of: descriptor)
                return FileAccess(
                    owner: status.st_uid,
                    group: status.st_gid,
                    mode: status.st_mode & 0o7777,
                    isDirectory: status.st_mode & S_IFMT == S_IFDIR
                )
            }
        }
    }

    /// One `unlink(2)`.
    public func remove(_ file: FilePath) throws(FileError) {
        try check(unsafe unlink(file.string), "remove", file)
    }

    /// One `rmdir(2)`.
    public func removeDirectory(_ directory: FilePath) throws(FileError) {
        try check(unsafe rmdir(directory.string), "remove", directory)
    }

    // MARK: Modes and groups

    private var fileMode: UInt32 {
        let mask = CreationMask.value
        return shared.map { 0o600 | bits($0.fileBits, of: $0) } ?? 0o666 & ~mask
    }

    private var directoryMode: UInt32 {
        let mask = CreationMask.value
        return shared.map { 0o700 | bits($0.folderBits, of: $0) } ?? 0o777 & ~mask
    }

    /// The group's bits at first: all where the group will be the right one, else what any group gets.
    private func bits(_ bits: UInt32, of sharing: GroupSharing) -> UInt32 {
        mustSettleGroup && !sharing.passesGroupOn ? bits & ~CreationMask.value : bits
    }

    /// Whether what this process makes may be in another group than it must be.
    private var mustSettleGroup: Bool {
        guard let shared, let group = shared.group else { return false }
        return shared.folderBits != 0 && getegid() != group
    }

    /// Puts what was made into the shared folder's group; where that is refused, the group that it has gets no more than
    /// the umask allows.
    private func settleGroup(of descriptor: FileDescriptor) {
        guard let shared, let group = shared.group, let status = try? status(of: descriptor),
            status.st_uid == geteuid()
        else { return }
        let isDirectory = status.st_mode & S_IFMT == S_IFDIR
        let isRight = status.st_gid == group || fchown(descriptor.rawValue, .max, group) == 0
        let bits = isDirectory ? shared.folderBits : shared.fileBits
        let owners = status.st_mode & 0o7707
        var mode = owners | (isRight ? bits : bits & ~CreationMask.value)
        if isRight, isDirectory, shared.passesGroupOn { mode |= UInt32(S_ISGID) }
        // A file system without modes refuses, and needs none.
        if mode != status.st_mode & 0o7777 { _ = fchmod(descriptor.rawValue, mode) }
    }

    // MARK: Status codes

    private func synchronize(_ descriptor: FileDescriptor) throws {
        while fsync(descriptor.rawValue) != 0 {
            let failure = Errno(rawValue: Glibc.errno)
            guard failure == .interrupted else { throw failure }
        }
    }

    private func status(of descriptor: FileDescriptor) throws -> stat {
        var status = stat()
        if unsafe fstat(descriptor.rawValue, &status) != 0 { throw Errno(rawValue: Glibc.errno) }
        return status
    }

    private func check(_ status: Int32, _ operation: String, _ path: FilePath) throws(FileError) {
        guard status != 0 else { return }
        throw FileError(operation, path, Errno(rawValue: Glibc.errno))
    }

    private func attempt<Result>(
        _ operation: String,
        _ path: FilePath,
        _ body: () throws -> Result
    ) throws(FileError) -> Result {
        do {
            return try body()
        } catch let failure as Errno {
            throw FileError(operation, path, failure)
        } catch {
            throw FileError(operation, path, .ioError)
        }
    }
}
