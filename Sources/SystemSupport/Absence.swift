// SPDX-License-Identifier: MIT

public import SystemPackage

/// How absence is found out where something follows from it, and presence where a name may have moved on.
///
/// An NFS client remembers of a name that it was not there, and takes that for true for up to a minute (`lookupcache` in
/// nfs(5)): an open asks the server again of what was there before, and not of what was absent. It does ask again once the
/// directory was opened, which is the close-to-open consistency of RFC 8881, section 10.3.1, for directories. Where a
/// directory above was not there either, its own name is one that was absent; hence all of them, the outermost first.
///
/// For as long a client opens a file by the name that it had before another machine renamed it: an open asks whether the
/// file still exists, not whether it still has that name. Whoever takes a file for damaged, or for one that need not be
/// made, opens the directories first.
extension FileSystem {
    /// The names in a directory, in no particular order; a link is none.
    public func names(in directory: FilePath) throws(FileError) -> [String] {
        try askingAgain(for: directory) { () throws(FileError) in try seenNames(in: directory) }
    }

    /// The names in a directory that a user named, through a link where it is one.
    public func names(inUserFolder directory: FilePath) throws(FileError) -> [String] {
        try askingAgain(for: directory) { () throws(FileError) in try seenNames(inUserFolder: directory) }
    }

    /// A file's bytes; links are not followed, and a file longer than `limit` bytes is refused with EFBIG.
    public func contents(of file: FilePath, limit: Int) throws(FileError) -> [UInt8] {
        try askingAgain(for: file) { () throws(FileError) in try seenContents(of: file, limit: limit) }
    }

    /// Who owns a file or directory and who may write it.
    public func access(to path: FilePath) throws(FileError) -> FileAccess {
        try askingAgain(for: path) { () throws(FileError) in try seenAccess(to: path) }
    }

    /// Whether a file or directory can be opened under this name.
    public func isPresent(_ path: FilePath) throws(FileError) -> Bool {
        if try isSeen(path) { return true }
        guard try refreshDirectories(above: path) else { return false }
        return try isSeen(path)
    }

    /// Whether a file or directory is there under this name still, where others may have moved it away.
    public func isStillPresent(_ path: FilePath) throws(FileError) -> Bool {
        guard try refreshDirectories(above: path) else { return false }
        return try isSeen(path)
    }

    /// The bytes of a file whose content has a digest; nil where it has another content, also when it is opened anew.
    public func contents(
        of file: FilePath,
        digest: ContentDigest,
        limit: Int
    ) throws(FileError) -> [UInt8]? {
        let bytes = try contents(of: file, limit: limit)
        if ContentDigest(of: bytes) == digest { return bytes }
        try refreshDirectories(above: file)
        let again = try contents(of: file, limit: limit)
        return ContentDigest(of: again) == digest ? again : nil
    }

    /// Does something with a name; where it is absent, the server is asked anew, and it is done once more.
    public func askingAgain<Result>(
        for path: FilePath,
        _ body: () throws(FileError) -> Result
    ) throws(FileError) -> Result {
        do throws(FileError) {
            return try body()
        } catch  where error.errno == .noSuchFileOrDirectory {
            guard try refreshDirectories(above: path) else { throw error }
            return try body()
        }
    }

    /// Refreshes all directories above a name, the outermost first; false where one of them is not there.
    @discardableResult
    public func refreshDirectories(above path: FilePath) throws(FileError) -> Bool {
        var directories: [FilePath] = []
        var directory = path.removingLastComponent()
        while !directory.components.isEmpty {
            directories.append(directory)
            directory = directory.removingLastComponent()
        }
        directories.append(path.isRelative ? "." : "/")
        for directory in directories.reversed() {
            do throws(FileError) {
                try refresh(directory)
            } catch  where error.isAbsence {
                return false
            } catch  where Self.isPassable(error) && directory != directories.first {
                // One that may be passed and not read, as others' homes are, nobody here has asked for names; and one whose
                // handle the server no longer knows stays so while what is in it is found, as the root of a mount whose
                // export was withdrawn. Of the last one somebody has asked, so what is remembered there may be wrong.
            }
        }
        return true
    }

    private static func isPassable(_ error: FileError) -> Bool {
        error.errno == .permissionDenied || error.errno == .staleNFSFileHandle
    }
}
