// SPDX-License-Identifier: MIT

private import FoundationEssentials
internal import SystemPackage
public import SystemSupport

/// What was fetched first under a name, by which everything later is checked.
public struct FetchRecord: Codable, Equatable, Sendable {
    /// Where from, without secrets; nil for a file that a user put there.
    public let address: String?
    /// The digest of the file, or of the archive.
    public let sha256: ContentDigest
    /// The bytes of the file, or of the archive.
    public let bytes: Int
    /// The files that the archive holds; nil where it is none.
    public let files: Int?

    static func read(_ path: FilePath) throws -> FetchRecord? {
        do throws(FileError) {
            let bytes = try LocalFileSystem().contents(of: path, limit: 64 << 10)
            guard let record = try? JSONDecoder().decode(FetchRecord.self, from: Data(bytes)) else {
                throw FileError("understand", path, .invalidArgument)
            }
            return record
        } catch  where error.errno == .noSuchFileOrDirectory {
            return nil
        }
    }

    func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try Array(encoder.encode(self))
    }
}
