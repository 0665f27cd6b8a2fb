// SPDX-License-Identifier: MIT

private import FoundationEssentials
internal import SystemPackage
internal import SystemSupport

/// What is known of the file of which a draft holds the beginning, so that a later try can go on.
struct DraftRecord: Codable, Equatable {
    /// The digest of the address, which may hold secrets.
    let address: ContentDigest
    /// The machine's start: what was written before another one may not have reached the disk.
    let boot: String
    /// The file's tag.
    let tag: String?
    /// When the file was changed.
    let modified: String?
    /// The file's bytes, where the server told.
    var total: Int?

    /// What a server says when it sends a whole file, or a part of one of which it says the total.
    init(_ address: WebAddress, _ response: Response, boot: String) {
        self.address = ContentDigest(of: address.identity)
        self.boot = boot
        tag = response.strongTag
        modified = response.lastModified
        total = response.status == 206 ? response.contentRange?.total : response.contentLength
    }

    /// What makes a server send the rest only if the file is still the same; nil where it cannot tell.
    var condition: String? { tag ?? modified }

    /// Whether another answer is about the same state of the same file, as far as the server tells.
    func agrees(with response: Response) -> Bool {
        if let tag, let other = response.strongTag, tag != other { return false }
        if let modified, let other = response.lastModified, modified != other { return false }
        if let total, let other = response.contentRange?.total, total != other { return false }
        return true
    }

    /// Reads a record; nil for none and for a damaged one.
    static func read(_ path: FilePath) -> DraftRecord? {
        guard let bytes = try? LocalFileSystem().contents(of: path, limit: 64 << 10) else { return nil }
        return try? JSONDecoder().decode(DraftRecord.self, from: Data(bytes))
    }

    func write(_ path: FilePath, on fileSystem: LocalFileSystem) throws(FileError) {
        guard let data = try? JSONEncoder().encode(self) else { return }
        try fileSystem.overwrite(path, contents: Array(data))
    }
}
