// SPDX-License-Identifier: MIT

public import SystemSupport

/// The rows that are taken of an array that another program made, as they lie in the cache: a line a row.
public struct SourceRowsFile: Equatable, Sendable {
    /// One row.
    public struct Entry: Equatable, Sendable {
        /// Which row of the array.
        public let row: Int
        /// The digest of its numbers in single precision.
        public let digest: ContentDigest

        /// Describes a row.
        public init(row: Int, digest: ContentDigest) {
            self.row = row
            self.digest = digest
        }
    }

    /// The rows, in the order in which they are taken.
    public let entries: [Entry]

    /// Lists rows.
    public init(_ entries: [Entry]) {
        self.entries = entries
    }

    /// A line a row: its number, space, digest.
    public func encoded() -> [UInt8] { Array(entries.map { "\($0.row) \($0.digest)\n" }.joined().utf8) }

    /// Reads the lines; nil where one is not as it should be.
    public init?(decoding bytes: [UInt8]) {
        var entries: [Entry] = []
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: " ")
            guard parts.count == 2, let row = Int(parts[0]), row >= 0,
                let digest = ContentDigest(hexadecimal: String(parts[1]))
            else { return nil }
            entries.append(Entry(row: row, digest: digest))
        }
        self.entries = entries
    }

    /// What tells these rows' numbers from any others, wherever they come from.
    public var contentDigest: ContentDigest {
        ContentDigest(of: entries.map(\.digest.hexadecimal).joined(separator: "\n"))
    }
}
