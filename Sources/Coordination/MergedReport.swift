// SPDX-License-Identifier: MIT

private import FoundationEssentials
public import JobStorage
internal import SystemPackage
internal import SystemSupport

/// What became of the pictures of a campaign.
public struct PictureCounts: Codable, Equatable, Sendable {
    /// How many there are.
    public let made: Int
    /// How many could not be made.
    public let failed: Int
}

/// A campaign's complete report, as its `SUCCESS.json` describes it.
public struct MergedReport: Sendable {
    static let name = "SUCCESS.json"

    /// What became of its pictures, where it asked for some.
    public let pictures: PictureCounts?
    /// The digest of every other file, by its name below the folder.
    let digests: [String: ContentDigest]
    private let campaign: CampaignID
    private let directory: JobDirectory
    private var folder: FilePath { directory.reports(of: campaign) }

    private struct Success: Decodable {
        let pictures: PictureCounts?
        let files: [String: ContentDigest]
    }

    /// Reads the report of a campaign that is merged.
    ///
    /// - Throws: `FileError` where it cannot be read; `ReportDamage` where it is not what was written.
    public init(of campaign: CampaignID, in directory: JobDirectory) throws {
        self.campaign = campaign
        self.directory = directory
        let file = directory.reports(of: campaign).appending(Self.name)
        let bytes = try directory.fileSystem.contents(of: file, limit: 1 << 30)
        guard let success = try? JSONDecoder().decode(Success.self, from: Data(bytes)),
            success.files.keys.allSatisfy(Self.isInside)
        else { throw ReportDamage(campaign, [Self.name], of: 0, in: directory) }
        pictures = success.pictures
        digests = success.files
    }

    /// Whether a name leads to nowhere but below the folder.
    private static func isInside(_ name: String) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        return parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." && !$0.utf8.contains(0) }
    }

    /// How many pictures failed, and where the reasons are; nil where none did.
    public var failureNote: String? { pictures.flatMap { Self.failureNote($0, in: folder) } }

    static func failureNote(_ pictures: PictureCounts, in folder: FilePath) -> String? {
        guard pictures.failed > 0 else { return nil }
        let all = pictures.made + pictures.failed
        let index = ReportFolder.file("\(AtlasContent.folder)/index.json", below: folder)
        return
            "\(pictures.failed) of \(counted(all, "picture")) failed; the reasons stand in \(index), each as \"error\""
    }

    /// Compares its files with their digests.
    ///
    /// - Parameter onProgress: is told how many files have been read, and how many there are.
    /// - Throws: `FileError` where files that are there cannot be read.
    /// - Returns: what is wrong with them; nil where nothing is.
    func damage(onProgress: (_ done: Int, _ total: Int) -> Void) throws(FileError) -> ReportDamage? {
        let files = try damagedFiles(onProgress: onProgress)
        return files.isEmpty ? nil : ReportDamage(campaign, files, of: digests.count, in: directory)
    }

    /// The names of files that are missing or are not what was written, in order.
    private func damagedFiles(onProgress: (_ done: Int, _ total: Int) -> Void) throws(FileError) -> [String] {
        var damaged: [String] = []
        for (number, name) in digests.keys.sorted().enumerated() {
            onProgress(number, digests.count)
            if try !isInPlace(name) { damaged.append(name) }
        }
        return damaged
    }

    /// Whether a file is there and is what was written.
    func isInPlace(_ name: String) throws(FileError) -> Bool {
        do throws(FileError) {
            return try ContentDigest(ofFile: ReportFolder.file(name, below: folder)) == digests[name]
        } catch {
            if Self.absences.contains(error.errno) { return false }
            throw error
        }
    }

    /// What the system says where something else has the name, or a folder's, or where the disk has lost the bytes.
    private static let absences: [Errno] = [
        .noSuchFileOrDirectory, .notDirectory, .isDirectory, .tooManySymbolicLinkLevels, .ioError,
    ]
}

/// What is wrong with a campaign's report, though it was complete.
public struct ReportDamage: Error, Equatable, Sendable, CustomStringConvertible {
    /// Which files, in words.
    let words: String
    private let advice: String

    /// States which of so many files are not what was written.
    init(_ campaign: CampaignID, _ files: [String], of count: Int, in directory: JobDirectory) {
        let named = files.prefix(5).joined(separator: ", ")
        let more = files.count > 5 ? " and \(files.count - 5) more" : ""
        words =
            count == 0
            ? "\(named) cannot be understood"
            : "\(files.count) of its \(counted(count, "file")) \(files.count == 1 ? "is" : "are") missing or not what was "
                + "written: \(named)\(more)"
        advice =
            "the report of \(campaign) is damaged: \(words); write it anew with: "
            + "lucid-coordinator repair --queue \(directory.root)"
    }

    /// What is wrong, and what to do.
    public var description: String { advice }
}
