// SPDX-License-Identifier: MIT

public import SystemPackage
public import SystemSupport

/// The list of images that the rows of activations belong to, as it lies in the cache: a line a row.
public struct ImageSetFile: Equatable, Sendable {
    /// One image.
    public struct Entry: Equatable, Sendable {
        /// The digest of its file.
        public let digest: ContentDigest
        /// Where the file is.
        public let path: FilePath

        /// Describes an image.
        public init(digest: ContentDigest, path: FilePath) {
            self.digest = digest
            self.path = path
        }
    }

    /// The images, in the order of the rows.
    public let entries: [Entry]

    /// Lists images.
    public init(_ entries: [Entry]) {
        self.entries = entries
    }

    /// A line a row: digest, space, path; no path has a line break.
    public func encoded() -> [UInt8] {
        Array(entries.map { "\($0.digest) \($0.path)\n" }.joined().utf8)
    }

    /// Reads the lines; nil where one is not as it should be.
    public init?(decoding bytes: [UInt8]) {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        var entries: [Entry] = []
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, let digest = ContentDigest(hexadecimal: String(parts[0])) else { return nil }
            entries.append(Entry(digest: digest, path: FilePath(String(parts[1]))))
        }
        self.entries = entries
    }

    /// What an image is called beside the others: its path without the first so many bytes.
    public func name(ofRow row: Int, without folderLength: Int) -> String {
        String(decoding: entries[row].path.string.utf8.dropFirst(folderLength), as: UTF8.self)
    }

    /// How many bytes name the deepest folder that all images are in, the slash after it counted.
    public var commonFolderLength: Int {
        guard let first = entries.first.map({ Array($0.path.string.utf8) }) else { return 0 }
        var shared = first.count
        for entry in entries {
            var length = 0
            for byte in entry.path.string.utf8 {
                guard length < shared, byte == first[length] else { break }
                length += 1
            }
            shared = length
        }
        return first.prefix(shared).lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
    }

    /// What tells this set of images from any other, whatever the files are called.
    public var contentDigest: ContentDigest {
        ContentDigest(of: entries.map(\.digest.hexadecimal).joined(separator: "\n"))
    }
}

extension ImageSetFile: Encodable {
    /// Writes what stands beside an array of activations: a list of names and digests, one a row.
    public func encode(to encoder: any Encoder) throws {
        var list = encoder.unkeyedContainer()
        for entry in entries { try list.encode(["image": entry.path.string, "sha256": entry.digest.hexadecimal]) }
    }
}

/// The rows of an array that an epoch draws, as they lie in the cache: decimal numbers, a line each.
public enum RowListFile {
    /// Writes the rows.
    public static func encoded(_ rows: [Int]) -> [UInt8] {
        Array(rows.map { "\($0)\n" }.joined().utf8)
    }

    /// Reads the rows; nil where a line is no number.
    public static func decoded(_ bytes: [UInt8]) -> [Int]? {
        var rows: [Int] = []
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            guard let row = Int(line), row >= 0 else { return nil }
            rows.append(row)
        }
        return rows
    }
}
