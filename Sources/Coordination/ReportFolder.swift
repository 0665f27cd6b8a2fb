// SPDX-License-Identifier: MIT

internal import Campaigns
private import JobKinds
internal import JobStorage
internal import Reports
internal import SystemPackage
internal import SystemSupport

/// A folder of reports, whose files appear whole and together survive a power cut before `SUCCESS.json` is there.
///
/// All but that file are a pure function of the results, so it does no harm if two coordinators write them.
struct ReportFolder {
    let path: FilePath
    private let directory: JobDirectory
    private let campaign: CampaignID?
    /// Where files are written before they have their names; nil for beside these.
    private let drafts: DraftFolder?

    /// A campaign's own folder.
    init(_ directory: JobDirectory, of campaign: CampaignID, by drafts: DraftFolder) {
        self.directory = directory
        self.campaign = campaign
        self.drafts = drafts
        path = directory.reports(of: campaign)
    }

    /// A folder that a user chose.
    init(_ directory: JobDirectory, _ path: FilePath) {
        self.directory = directory
        self.path = path
        (campaign, drafts) = (nil, nil)
    }

    /// Moments of the machine's clock, for work that is to take a share of the time only.
    var now: BootClock.Instant { directory.platform.now }

    /// The path of a file by its name below the folder.
    func file(_ name: String) -> FilePath { Self.file(name, below: path) }

    /// The path of a file by its name below some folder.
    static func file(_ name: String, below folder: FilePath) -> FilePath {
        name.split(separator: "/").reduce(folder) { $0.appending(String($1)) }
    }

    /// Writes a file under a name below the folder, with slashes between folders; it replaces what was there.
    ///
    /// The same bytes stay as they are: a coordinator that starts anew finds most of an atlas written.
    ///
    /// - Returns: the digest of its bytes.
    func write(_ name: String, _ bytes: [UInt8]) throws -> ContentDigest {
        if (try? directory.fileSystem.contents(of: file(name), limit: bytes.count)) == bytes {
            return ContentDigest(of: bytes)
        }
        return try write(name, onlyUntilComplete: false) { write throws(FileError) in try write(bytes) }
    }

    /// Writes a file in parts.
    ///
    /// - Parameters:
    ///   - name: its name below the folder.
    ///   - onlyUntilComplete: whether it holds only what is there at the moment, so that it must not replace a file of
    ///     the complete report.
    ///   - parts: writes it.
    /// - Throws: `ReportIsComplete` where it would; `FileError` where the disk refuses.
    /// - Returns: the digest of its bytes.
    func write(
        _ name: String,
        onlyUntilComplete: Bool,
        parts: (_ write: ([UInt8]) throws(FileError) -> Void) throws(FileError) -> Void
    ) throws -> ContentDigest {
        let file = file(name)
        let fileSystem = directory.fileSystem
        try fileSystem.makeDirectories(file.removingLastComponent())
        let draft = try draft(of: file)
        var hasher = ContentDigest.Hasher()
        do {
            try fileSystem.create(draft, contents: [], durably: false)
            try parts { bytes throws(FileError) in
                hasher.update(bytes)
                try fileSystem.append(bytes, to: draft)
            }
            // As late as can be: drawing what is written takes seconds, in which another coordinator may end.
            if onlyUntilComplete, let campaign, try directory.isMerged(campaign) { throw ReportIsComplete() }
            try fileSystem.rename(draft, to: file)
        } catch {
            try? fileSystem.remove(draft)
            throw error
        }
        return hasher.finalize()
    }

    /// The bytes of a file that was placed.
    func contents(of name: String) throws(FileError) -> [UInt8] {
        try directory.fileSystem.contents(of: file(name), limit: 1 << 30)
    }

    /// Makes all files durable, and says in `SUCCESS.json` that they are complete.
    func finish(
        _ campaign: String,
        plan: JobPlan,
        images: [(String, ReportJSON)]?,
        pictures: PictureCounts?,
        digests: [String: ContentDigest]
    ) throws {
        try directory.fileSystem.makeDirectories(path)
        try directory.fileSystem.synchronizeAll(holding: path)
        let counts = Dictionary(plan.buckets.map { ($0.kind, $0.jobs.count) }, uniquingKeysWith: +)
        var members: [(String, ReportJSON)] = [
            ("campaign", .text(campaign)),
            ("jobs", .object(counts.sorted { $0.key < $1.key }.map { ($0.key, .integer($0.value)) })),
        ]
        if let images { members.append(("images", .object(images))) }
        if let pictures {
            let counts = [("made", ReportJSON.integer(pictures.made)), ("failed", .integer(pictures.failed))]
            members.append(("pictures", .object(counts)))
        }
        members += [
            ("merged_at", .number(directory.platform.secondsSince1970)),
            ("versions", .object(Runners.versions.sorted { $0.key < $1.key }.map { ($0.key, .text($0.value)) })),
            (
                "files",
                .object(digests.sorted { $0.key < $1.key }.map { ($0.key, .text($0.value.hexadecimal)) })
            ),
        ]
        let success = Array(ReportJSON.object(members).document.utf8)
        let file = file(MergedReport.name)
        try directory.fileSystem.replace(file, contents: success, by: draft(of: file))
    }

    private func draft(of file: FilePath) throws(FileError) -> FilePath {
        try drafts?.unusedName() ?? file.removingLastComponent().appending(".\(directory.platform.randomBits())")
    }
}

/// Why a part of a report was not written: another coordinator has completed the whole.
struct ReportIsComplete: Error {}
