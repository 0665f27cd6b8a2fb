// SPDX-License-Identifier: MIT

public import SystemPackage
public import SystemSupport

extension JobDirectory {
    static let usersName = "users"

    /// The addresses of all arrays that are there.
    public func arrays() throws(FileError) -> [ContentDigest] {
        try fileSystem.names(in: root.below("arrays")).compactMap { ContentDigest(hexadecimal: $0) }.sorted()
    }

    /// The directory of the array of an address.
    public func array(_ address: ContentDigest) -> FilePath {
        root.below("arrays").appending(address.hexadecimal)
    }

    /// Says that a campaign needs an array, which therefore stays as long as the campaign has not ended.
    public func pin(_ array: FilePath, by campaign: CampaignID) throws(FileError) {
        let folder = array.below(Self.usersName)
        // Else its name may still lead to what is in the trash.
        try fileSystem.refreshDirectories(above: folder)
        try fileSystem.makeDirectories(folder)
        do throws(FileError) {
            try fileSystem.create(folder.below(campaign.description), contents: [], durably: false)
        } catch  where error.errno == .fileExists {
            // Pinned before.
        }
    }

    /// The campaigns that need an array, or needed it.
    public func users(of array: FilePath) throws(FileError) -> [CampaignID] {
        try namesIfPresent(in: array.below(Self.usersName)).compactMap { CampaignID($0) }.sorted()
    }

    /// Moves an array to the trash, unless a campaign that has not ended needs it.
    ///
    /// One that pins it at the same moment is seen afterwards, and the array is put back. Should it be lost all the same,
    /// the campaign's own jobs make it again.
    ///
    /// - Parameters:
    ///   - array: the array's directory.
    ///   - hasEnded: whether a campaign needs its arrays no more.
    /// - Throws: `FileError` where nobody can tell where the array is.
    /// - Returns: whether it is in the trash.
    public func release(_ array: FilePath, hasEnded: (CampaignID) -> Bool) throws(FileError) -> Bool {
        guard try users(of: array).allSatisfy(hasEnded) else { return false }
        let name = array.lastComponent?.string ?? "array"
        let place = root.below("trash").appending("\(name)-\(platform.randomDigits())")
        guard try move(array, to: place, tries: 3) == .moved else { return false }
        if try users(of: place).allSatisfy(hasEnded) { return true }
        return try move(place, to: array, tries: 3) != .moved
    }
}
