// SPDX-License-Identifier: MIT

private import FoundationEssentials
public import SystemPackage
public import SystemSupport

/// A folder that keeps what was fetched, each thing once, whichever processes ask for it.
///
/// What was fetched first under a name is recorded by its digest; whatever has the name later must have that digest.
public struct DownloadCache: Sendable {
    /// The version of the folder's layout.
    public static let format = 1

    /// Where it is.
    public let root: FilePath
    let fileSystem: LocalFileSystem
    let platform: any Platform
    let patience: Duration

    /// Something that is in the cache.
    public struct Copy: Equatable, Sendable {
        /// The file of weights, or the folder of images.
        public let path: FilePath
        /// What is known of it; nil for a folder that a user put there.
        public let record: FetchRecord?
    }

    /// Opens a cache, or makes it.
    ///
    /// - Parameters:
    ///   - root: the folder.
    ///   - fileSystem: makes what is in it.
    ///   - platform: where time and chance come from.
    ///   - patience: how long nothing of another machine's process may grow before it counts as gone.
    /// - Throws: `CacheError` for another version's, `FileError`.
    public init(
        at root: FilePath,
        on fileSystem: LocalFileSystem = LocalFileSystem(),
        platform: any Platform = ThisMachine(),
        patience: Duration = .seconds(120)
    ) throws {
        (self.root, self.fileSystem, self.platform, self.patience) = (root, fileSystem, platform, patience)
        try fileSystem.makeDirectories(root)
        let mark = root.below("cache.json")
        if try !fileSystem.isPresent(mark) {
            try write(Array("{\"format\":\(Self.format)}\n".utf8), as: mark)
        }
        let bytes = try fileSystem.contents(of: mark, limit: 4096)
        let found = (try? JSONDecoder().decode(Mark.self, from: Data(bytes)))?.format ?? 0
        guard found == Self.format else { throw CacheError.otherVersion(root, found: found) }
    }

    private struct Mark: Decodable {
        let format: Int
    }

    /// The user's own cache: below XDG_CACHE_HOME, else in the home folder.
    public static func userFolder() throws(CacheError) -> FilePath {
        if let folder = environmentValue("XDG_CACHE_HOME"), folder.hasPrefix("/") {
            return FilePath(folder).below("lucidgrid")
        }
        guard let home = environmentValue("HOME"), home.hasPrefix("/") else { throw .noPlace }
        return FilePath(home).below(".cache", "lucidgrid")
    }

    // MARK: What is there

    /// Looks something up, and checks a file of weights against what was recorded when it was fetched.
    ///
    /// - Parameter item: what is looked up.
    /// - Throws: `CacheError.damaged`, `FileError`.
    /// - Returns: where it is; nil where it is not.
    public func find(_ item: CatalogueItem) throws -> Copy? {
        let path = path(of: item)
        guard try fileSystem.isPresent(path) else { return nil }
        let record = try FetchRecord.read(recordPath(of: item))
        guard item.kind == .weights else { return Copy(path: path, record: record) }
        if let record, fileSize(path) != record.bytes { throw CacheError.damaged(path) }
        let digest = try ContentDigest(ofFile: path)
        if let record {
            guard record.sha256 == digest else { throw CacheError.damaged(path) }
            return Copy(path: path, record: record)
        }
        // A user put it there, for machines that reach no server: from now on it stays the same.
        let new = FetchRecord(address: nil, sha256: digest, bytes: fileSize(path) ?? 0, files: nil)
        return Copy(path: path, record: try settle(new, for: item))
    }

    func path(of item: CatalogueItem) -> FilePath { root.below(item.place) }

    func recordPath(of item: CatalogueItem) -> FilePath { root.below("\(item.place).json") }

    /// Where processes settle who fetches something.
    func fetchFolder(of item: CatalogueItem) throws -> FetchFolder {
        let name = item.place.split(separator: "/").joined(separator: "-")
        return try FetchFolder(root.below("drafts", name), on: fileSystem, platform)
    }

    /// Records what was fetched, unless something is recorded already, and returns what is.
    func settle(_ record: FetchRecord, for item: CatalogueItem) throws -> FetchRecord {
        let path = recordPath(of: item)
        try write(record.encoded(), as: path)
        return try FetchRecord.read(path) ?? record
    }

    /// Gives bytes a name that is never replaced; whoever is first is right.
    private func write(_ bytes: [UInt8], as file: FilePath) throws {
        try fileSystem.makeDirectories(file.parent)
        let temporary = FilePath("\(file.string).new-\(String(platform.randomBits(), radix: 16))")
        try fileSystem.create(temporary, contents: bytes, durably: true)
        defer { try? fileSystem.remove(temporary) }
        try fileSystem.linkUnlessThere(temporary, to: file)
    }
}

extension LocalFileSystem {
    /// Gives a file a second name for good, unless another has it, and returns whether it got it.
    @discardableResult
    func linkUnlessThere(_ file: FilePath, to name: FilePath) throws(FileError) -> Bool {
        do throws(FileError) {
            try link(file, to: name)
        } catch  where error.errno == .fileExists {
            return false
        }
        try synchronize(directory: name.parent)
        return true
    }

    /// Gives a folder its name for good, unless another has it.
    func renameUnlessThere(_ folder: FilePath, to name: FilePath) throws(FileError) {
        do throws(FileError) {
            try rename(folder, to: name)
        } catch  where error.errno == .directoryNotEmpty || error.errno == .fileExists {
            return
        }
        try synchronize(directory: name.parent)
    }

    /// The names in a folder; nil where there is none.
    func namesIfPresent(in folder: FilePath) throws(FileError) -> [String]? {
        do throws(FileError) {
            return try names(in: folder)
        } catch  where error.errno == .noSuchFileOrDirectory {
            return nil
        }
    }
}
