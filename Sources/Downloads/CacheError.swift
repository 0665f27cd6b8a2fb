// SPDX-License-Identifier: MIT

public import HTTPTransfer
public import SystemPackage
public import SystemSupport

/// Why a cache of what was fetched cannot be used.
public enum CacheError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Another version of the program made it.
    case otherVersion(FilePath, found: Int)
    /// Nobody says where the user's cache is.
    case noPlace
    /// A file is no longer what was fetched.
    case damaged(FilePath)
    /// What is published is no longer what was fetched first.
    case changedUpstream(WebAddress, recorded: ContentDigest, found: ContentDigest, record: FilePath)
    /// What came is something else, perhaps a page that says why.
    case notWeights(WebAddress)
    /// The archive lacks what is to be in it.
    case lacksFolder(WebAddress, folder: String)

    /// What is wrong, and what to do.
    public var description: String {
        switch self {
        case .otherVersion(let root, let found):
            "\"\(root)\" is a cache of format \(found), and this program knows format \(DownloadCache.format); "
                + "use another folder, or remove that one"
        case .noPlace: "there is no place for a cache: set XDG_CACHE_HOME or HOME, or give --queue"
        case .damaged(let file):
            "\"\(file)\" is no longer what was fetched; remove it, and it is fetched again"
        case .changedUpstream(let address, let recorded, let found, let record):
            "\(address) is no longer what was fetched first: its SHA-256 is \(found) instead of \(recorded); if the "
                + "change is meant, remove \"\(record)\" and fetch again"
        case .notWeights(let address):
            "\(address) is no file of weights; check the address and the mirror"
        case .lacksFolder(let address, let folder): "the archive at \(address) holds no folder \"\(folder)\""
        }
    }
}
