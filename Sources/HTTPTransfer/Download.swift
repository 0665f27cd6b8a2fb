// SPDX-License-Identifier: MIT

public import SystemPackage
public import SystemSupport

/// How far a download is.
public struct TransferProgress: Equatable, Sendable {
    /// The bytes that are here.
    public let byteCount: Int
    /// The bytes that there are; nil where the server does not tell.
    public let total: Int?

    /// States how far a download is.
    public init(byteCount: Int, total: Int?) {
        self.byteCount = byteCount
        self.total = total
    }
}

/// A file that was fetched.
public struct Download: Equatable, Sendable {
    /// Its digest.
    public let digest: ContentDigest
    /// Its bytes.
    public let byteCount: Int

    /// States what is known of a file that is here.
    public init(digest: ContentDigest, byteCount: Int) {
        self.digest = digest
        self.byteCount = byteCount
    }
}

extension WebClient {
    /// Fetches a file, which appears whole or not at all.
    ///
    /// What an earlier try left in the draft is continued, if the file is still the same. The draft must be on the same
    /// file system as the file, and nobody else's.
    ///
    /// - Parameters:
    ///   - address: where it is.
    ///   - file: the name that it gets, replacing what has it.
    ///   - draft: where it grows; stays after an error.
    ///   - fileSystem: makes both.
    ///   - expected: its digest, where that is known.
    ///   - limit: the most bytes that it may have.
    ///   - onProgress: is told how far it is, on the calling thread, very often.
    /// - Throws: `TransferError`.
    /// - Returns: its digest and size.
    public func download(
        _ address: WebAddress,
        to file: FilePath,
        draft: FilePath,
        on fileSystem: LocalFileSystem = LocalFileSystem(),
        expecting expected: ContentDigest?,
        limit: Int,
        onProgress: @escaping @Sendable (TransferProgress) -> Void
    ) throws(TransferError) -> Download {
        let content = try DraftFile(
            draft,
            on: fileSystem,
            of: address,
            limit: limit,
            isDigestKnown: expected != nil,
            onProgress: onProgress
        )
        var digest = try fetch(address, into: content)
        if let expected, digest != expected, content.isResumed {
            // Perhaps the beginning was another file's.
            try content.restart()
            digest = try fetch(address, into: content)
        }
        if let expected, digest != expected {
            try content.restart()
            throw .wrongDigest(address, expected: expected, found: digest)
        }
        do throws(FileError) { try fileSystem.moveIntoPlace(draft, as: file) } catch { throw .file(error) }
        try? fileSystem.remove(DraftFile.recordPath(of: draft))
        return Download(digest: digest, byteCount: content.byteCount)
    }

    private func fetch(_ address: WebAddress, into content: DraftFile) throws(TransferError) -> ContentDigest {
        try retrying(byteCount: { content.byteCount }) { () throws(TransferError) in
            if content.isComplete { return }
            do throws(TransferError) {
                try exchange(address, headers: content.headers, into: content)
            } catch .refused(let place, status: 416, _) where content.byteCount > 0 {
                // The file has become shorter than what is here.
                try content.restart()
                throw .changed(place)
            }
            content.end()
            guard content.isComplete else {
                throw .interrupted(address, reason: "the server sent less than it said")
            }
        }
        return try content.finish()
    }
}
