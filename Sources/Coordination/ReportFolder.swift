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

    /// A campaign's own folder.
    init(_ directory: JobDirectory, of campaign: CampaignID) {
        self.init(directory, directory.reports(of: campaign))
    }

    /// A folder that a user chose.
    init(_ directory: JobDirectory, _ path: FilePath) {
        self.directory = directory
        self.path = path
    }

    /// Moments of the machine's clock, for work that is to take a share of the time only.
    var now: BootClock.Instant { directory.surroundings.now }

    /// The path of a file by its name below the folder.
    func file(_ name: String) -> FilePath { name.split(separator: "/").reduce(path) { $0.appending(String($1)) } }

    /// Writes a file under a name below the folder, with slashes between folders; it replaces what was there.
    ///
    /// - Returns: the digest of its bytes.
    func place(_ name: String, _ bytes: [UInt8]) throws(FileError) -> ContentDigest {
        try place(name) { write throws(FileError) in try write(bytes) }
    }

    /// Writes a file in parts.
    ///
    /// - Returns: the digest of its bytes.
    func place(
        _ name: String,
        parts: (_ write: ([UInt8]) throws(FileError) -> Void) throws(FileError) -> Void
    ) throws(FileError) -> ContentDigest {
        let file = file(name)
        let fileSystem = directory.fileSystem
        try fileSystem.makeDirectories(file.removingLastComponent())
        let draft = file.removingLastComponent().appending(".\(directory.surroundings.randomBits())")
        var hasher = ContentDigest.Hasher()
        do throws(FileError) {
            try fileSystem.create(draft, contents: [], durably: false)
            try parts { bytes throws(FileError) in
                hasher.update(bytes)
                try fileSystem.append(bytes, to: draft)
            }
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
        plan: PublicationPlan,
        images: [(String, ReportJSON)]?,
        digests: [String: ContentDigest]
    ) throws {
        try directory.fileSystem.makeDirectories(path)
        try directory.fileSystem.synchronizeAll(holding: path)
        let counts = Dictionary(plan.buckets.map { ($0.kind, $0.jobs.count) }, uniquingKeysWith: +)
        let head: [(String, ReportJSON)] = [
            ("campaign", .text(campaign)),
            ("jobs", .object(counts.sorted { $0.key < $1.key }.map { ($0.key, .integer($0.value)) })),
        ]
        let tail: [(String, ReportJSON)] = [
            ("merged_at", .number(directory.surroundings.secondsSince1970)),
            ("versions", .object(Runners.versions.sorted { $0.key < $1.key }.map { ($0.key, .text($0.value)) })),
            (
                "files",
                .object(digests.sorted { $0.key < $1.key }.map { ($0.key, .text($0.value.hexadecimal)) })
            ),
        ]
        let success = ReportJSON.object(head + (images.map { [("images", .object($0))] } ?? []) + tail)
        let draft = path.appending(".\(directory.surroundings.randomBits())")
        try directory.fileSystem.replace(file("SUCCESS.json"), contents: Array(success.document.utf8), by: draft)
    }
}
