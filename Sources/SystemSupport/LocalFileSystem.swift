// SPDX-License-Identifier: MIT

private import CLinux
private import Glibc
public import SystemPackage

/// The file system of this machine, mounts of shared ones included.
public struct LocalFileSystem: FileSystem {
    /// Needs nothing: every call names its path.
    public init() {}

    /// Reads the whole directory before it returns; a link is no directory.
    public func names(in directory: FilePath) throws(FileError) -> [String] {
        try names(in: directory, options: .noFollow)
    }

    /// The names in a directory that a user named, through links where it is one.
    ///
    /// Not for what lies in the job directory, where a link could lead to what its writers may not touch.
    public func names(inUserFolder directory: FilePath) throws(FileError) -> [String] {
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
    public func contents(of file: FilePath, limit: Int) throws(FileError) -> [UInt8] {
        try contents(of: file, limit: limit, options: .noFollow)
    }

    /// The bytes of a file that a user named, through links where it is one.
    ///
    /// Not for the job directory, where a link could lead to what its writers may not read.
    public func contents(ofUserFile file: FilePath, limit: Int) throws(FileError) -> [UInt8] {
        try contents(of: file, limit: limit, options: [])
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
    public func isPresent(_ path: FilePath) throws(FileError) -> Bool {
        do throws(FileError) {
            try attempt("open", path) {
                try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking]).close()
            }
            return true
        } catch  where error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory {
            return false
        }
    }

    /// Opens with O_EXCL.
    public func create(_ file: FilePath, contents: [UInt8], durably: Bool) throws(FileError) {
        try attempt("write", file) {
            let descriptor = try FileDescriptor.open(
                file,
                .writeOnly,
                options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: [.ownerReadWrite, .groupReadWrite]
            )
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
            let descriptor = try FileDescriptor.open(
                file,
                .writeOnly,
                options: [.create, .append, .noFollow, .closeOnExec],
                permissions: [.ownerReadWrite, .groupReadWrite]
            )
            try descriptor.closeAfter { _ = try descriptor.writeAll(contents) }
        }
    }

    /// Opens without following a link.
    public func overwrite(_ file: FilePath, contents: [UInt8]) throws(FileError) {
        try attempt("write", file) {
            let descriptor = try FileDescriptor.open(
                file,
                .writeOnly,
                options: [.create, .noFollow, .closeOnExec],
                permissions: [.ownerReadWrite, .groupReadWrite]
            )
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

    /// Mode 0770, less the umask.
    public func makeDirectory(_ directory: FilePath) throws(FileError) {
        try check(unsafe mkdir(directory.string, 0o770), "make the directory", directory)
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
    public func access(to path: FilePath) throws(FileError) -> FileAccess {
        try attempt("inspect", path) {
            let descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
            return try descriptor.closeAfter {
                let status = try status(of: descriptor)
                return FileAccess(owner: status.st_uid, isWorldWritable: status.st_mode & 0o002 != 0)
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
