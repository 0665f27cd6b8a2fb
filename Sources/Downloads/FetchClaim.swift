// SPDX-License-Identifier: MIT

private import FoundationEssentials
internal import SystemPackage
internal import SystemSupport

/// A process's word that it fetches something; the one with the highest number counts, while its owner lives.
struct FetchClaim: Codable {
    /// Who made it.
    let owner: HostIdentity
    /// The beginning of the names of all files that the owner writes.
    let draft: String
    /// Whether the owner has given up, and writes no more.
    var isWithdrawn = false

    static func name(_ number: Int) -> String {
        "\(String(repeating: "0", count: max(0, 6 - String(number).count)))\(number).claim"
    }

    static func number(_ name: String) -> Int? {
        name.hasSuffix(".claim") ? Int(name.dropLast(6)) : nil
    }

    static func read(_ path: FilePath) -> FetchClaim? {
        guard let bytes = try? LocalFileSystem().contents(of: path, limit: 64 << 10) else { return nil }
        return try? JSONDecoder().decode(FetchClaim.self, from: Data(bytes))
    }

    /// Gives the claim a number, unless somebody else has it; on the disk it appears whole or not at all.
    func make(_ number: Int, in folder: FilePath, on fileSystem: LocalFileSystem) throws -> Bool {
        let temporary = folder.below("\(draft).new")
        try fileSystem.create(temporary, contents: Array(JSONEncoder().encode(self)), durably: false)
        defer { try? fileSystem.remove(temporary) }
        return try fileSystem.linkUnlessThere(temporary, to: folder.below(Self.name(number)))
    }

    /// Takes the place of an earlier word of the same owner.
    func replace(_ claim: FilePath, by temporary: FilePath, on fileSystem: LocalFileSystem) throws {
        try fileSystem.replace(claim, contents: Array(JSONEncoder().encode(self)), by: temporary)
    }
}
