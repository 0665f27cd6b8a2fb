// SPDX-License-Identifier: MIT

/// How much may come out of an archive.
public struct ArchiveLimits: Equatable, Sendable {
    /// Bytes of one file.
    public let fileBytes: Int
    /// Bytes of all files.
    public let totalBytes: Int
    /// Files and folders.
    public let entries: Int
    /// Bytes out for each byte in; archives below a mebibyte may have more.
    public let ratio: Int

    /// Sets limits.
    public init(fileBytes: Int, totalBytes: Int, entries: Int, ratio: Int) {
        self.fileBytes = fileBytes
        self.totalBytes = totalBytes
        self.entries = entries
        self.ratio = ratio
    }

    /// What a large collection of pictures stays below.
    public static let pictures = ArchiveLimits(
        fileBytes: 256 << 20,
        totalBytes: 1 << 40,
        entries: 20_000_000,
        ratio: 100
    )

    /// These limits, but for a file's bytes, and the number of entries where one is given.
    public func with(fileBytes: Int, entries: Int?) -> ArchiveLimits {
        ArchiveLimits(
            fileBytes: fileBytes,
            totalBytes: totalBytes,
            entries: entries ?? self.entries,
            ratio: ratio
        )
    }

    /// The most bytes that an archive of a size may give.
    func bytes(fromArchiveOf size: Int) -> Int {
        let (product, overflow) = max(size, 1 << 20).multipliedReportingOverflow(by: ratio)
        return min(totalBytes, overflow ? .max : product)
    }
}
