// SPDX-License-Identifier: MIT

public import JobStorage
public import SystemPackage
public import SystemSupport

extension JobDirectory {
    /// The file of a network's weights.
    public func weightsFile(_ digest: ContentDigest) -> FilePath {
        root.appending("cache").appending("weights").appending(digest.hexadecimal)
    }

    /// The file of a list of images or rows.
    public func listFile(_ digest: ContentDigest) -> FilePath {
        root.appending("cache").appending("datasets").appending(digest.hexadecimal)
    }

    /// Where what was fetched from elsewhere is kept for all workers.
    public var downloads: FilePath { root.appending("cache").appending("downloads") }

    /// A cached file's bytes, if they are still those that its name promises.
    ///
    /// - Throws: `JobFailure.inputUnreadable` for a file that is missing or was changed.
    func cachedContents(of file: FilePath, digest: ContentDigest, limit: Int) throws -> [UInt8] {
        let bytes = try readInput { try fileSystem.contents(of: file, digest: digest, limit: limit) }
        guard let bytes else { throw InputError.changed(file) }
        return bytes
    }

    /// Gives bytes their name in the cache, unless they are there; they appear whole or not at all.
    public func cache(_ bytes: [UInt8], as file: FilePath, scratch: FilePath) throws {
        if let present = try? fileSystem.contents(of: file, limit: bytes.count), present == bytes { return }
        try fileSystem.makeDirectories(file.removingLastComponent())
        try fileSystem.replace(
            file,
            contents: bytes,
            by: scratch.appending("cache-\(ContentDigest(of: bytes).prefix(16))-\(UInt32.random(in: .min ... .max))")
        )
    }
}
