// SPDX-License-Identifier: MIT

public import SystemPackage
public import SystemSupport

/// A shared folder that is the whole queue.
///
/// A value of it may be used by several threads at once; all state is in the folder.
public struct JobDirectory: Sendable {
    /// The calls by which it is reached.
    public let fileSystem: any FileSystem
    /// Where time, chance and threads come from.
    public let platform: any Platform
    /// Where it is.
    public let root: FilePath
    /// What it was made with.
    public let settings: QueueSettings
    /// What its group may do with what is made in it, whatever a program's umask.
    public let sharing: GroupSharing

    /// This machine's file system, for what writes in the folder by descriptors of its own: shards, downloads.
    public var disk: LocalFileSystem { LocalFileSystem(sharing: sharing) }

    /// Makes a job directory, or recognises the one that is there.
    ///
    /// `queue.json` comes last, so whoever sees it sees a whole job directory. The group gets what it has of the root; a
    /// root that it may only read becomes a queue that it may write where the umask says so.
    public static func create(
        at root: FilePath,
        fileSystem: any FileSystem = LocalFileSystem(),
        platform: any Platform = ThisMachine()
    ) throws(JobDirectoryError) -> JobDirectory {
        let present: [String]
        do throws(FileError) {
            try fileSystem.sharing(.byMask).makeDirectories(root)
            present = try fileSystem.names(inUserFolder: root)
        } catch {
            throw error.errno == .notDirectory ? .notADirectory(error.path) : .file(error)
        }
        if !present.contains(settingsName) {
            if let stranger = present.filter({ !folders.contains($0) }).min() {
                throw .notEmpty(root, example: stranger)
            }
            try onDisk { () throws(FileError) in
                let sharing = try GroupSharing(
                    asOf: fileSystem.access(to: root),
                    adding: GroupSharing.byMask.folderBits
                )
                try layOut(root, fileSystem.sharing(sharing), platform)
            }
        }
        return try open(at: root, trustOwner: nil, fileSystem: fileSystem, platform: platform)
    }

    private static func layOut(
        _ root: FilePath,
        _ fileSystem: any FileSystem,
        _ platform: any Platform
    ) throws(FileError) {
        for folder in folders { try fileSystem.makeDirectories(root.appending(folder)) }
        let settings = QueueSettings(run: platform.randomDigits() + platform.randomDigits())
        let draft = root.below("scratch").appending("queue-\(settings.run)")
        try fileSystem.create(draft, contents: encodedRecord(settings), durably: true)
        do throws(FileError) {
            try fileSystem.link(draft, to: root.appending(settingsName))
        } catch  where error.errno == .fileExists {
            // Somebody else was quicker: theirs holds.
        }
        try fileSystem.remove(draft)
        try fileSystem.synchronizeAll(holding: root)
    }

    /// Opens a job directory that may be trusted: ours or the trusted user's, and not writable by everybody.
    public static func open(
        at root: FilePath,
        trustOwner trusted: UInt32?,
        fileSystem: any FileSystem = LocalFileSystem(),
        platform: any Platform = ThisMachine()
    ) throws(JobDirectoryError) -> JobDirectory {
        let file = root.appending(settingsName)
        guard try onDisk({ () throws(FileError) in try fileSystem.isPresent(file) }) else {
            throw .notAJobDirectory(root)
        }
        let access = try onDisk { () throws(FileError) in try fileSystem.access(to: root) }
        guard !access.isWorldWritable else { throw .worldWritable(root) }
        guard access.owner == currentUserIdentifier() || access.owner == trusted else {
            throw .ownedByStranger(root, owner: access.owner)
        }
        let bytes = try onDisk { () throws(FileError) in try fileSystem.contents(of: file, limit: 64 << 10) }
        guard let version = decodedRecord(Version.self, from: bytes) else { throw .damaged(file) }
        guard version.format == QueueSettings.formatVersion else { throw .otherVersion(root, found: version.format) }
        guard let settings = decodedRecord(QueueSettings.self, from: bytes), settings.isSensible else {
            throw .damaged(file)
        }
        let sharing = try onDisk { () throws(FileError) in try Self.sharing(of: access, file, fileSystem) }
        return JobDirectory(
            fileSystem: fileSystem.sharing(sharing),
            platform: platform,
            root: root,
            settings: settings,
            sharing: sharing
        )
    }

    /// What the group may do: as much as in the root, or with `queue.json` where the root itself is closed to its writing.
    private static func sharing(
        of root: FileAccess,
        _ settings: FilePath,
        _ fileSystem: any FileSystem
    ) throws(FileError) -> GroupSharing {
        let sharing = GroupSharing(asOf: root)
        if sharing.folderBits == 0 || sharing.folderBits == 0o070 { return sharing }
        return try GroupSharing(asOf: root, adding: fileSystem.access(to: settings).mode & 0o070)
    }

    /// Lets a refused call through as an error of the job directory.
    static func onDisk<Result>(_ body: () throws(FileError) -> Result) throws(JobDirectoryError) -> Result {
        do throws(FileError) { return try body() } catch { throw .file(error) }
    }

    private struct Version: Decodable {
        let format: Int
    }

    // MARK: Layout

    static let settingsName = "queue.json"
    static let folders = [
        "campaigns", "pending", "running", "returned", "done", "failed", "results", "arrays", "cache", "heartbeats",
        "workers", "logs", "control", "hints", "ended", "scratch", "trash", "reports",
    ]

    /// Whether a name belongs to the top of a job directory.
    public static func isOwnName(_ name: String) -> Bool { name == settingsName || folders.contains(name) }

    /// Whether a name in a bucket of `pending` belongs there and is no token.
    public static func isBucketNote(_ name: String) -> Bool {
        name == markerName || name.hasPrefix(reservePrefix) || name.hasPrefix(ticketPrefix)
    }

    /// Whether a name in an array's folder is a note of the queue and no file of the array.
    public static func isArrayNote(_ name: String) -> Bool { name == usersName || name == quarantineName }

    /// The folder that holds a campaign's tokens of a kind, by bucket.
    func folder(_ folder: TokenFolder, of campaign: CampaignID) -> FilePath {
        root.below(folder.rawValue, campaign.description)
    }

    /// The folder that holds a bucket's tokens of a kind.
    func folder(_ folder: TokenFolder, _ bucket: BucketName, of campaign: CampaignID) -> FilePath {
        root.below(folder.rawValue, campaign.description, bucket.description)
    }

    /// Where a token is.
    public func path(of token: Token) -> FilePath {
        FilePath("\(root.string)/\(token.name.folder.rawValue)/\(token.campaign)/\(token.bucket)/\(token.name)")
    }

    /// Where the merged output of a campaign goes.
    public func reports(of campaign: CampaignID) -> FilePath {
        root.below("reports", campaign.description)
    }

    /// Where a campaign's own files are.
    public func files(of campaign: CampaignID) -> FilePath {
        root.below("campaigns", campaign.description)
    }

    /// The private folder of a worker or coordinator, the only one in which it deletes.
    public func scratch(of worker: WorkerName) -> FilePath {
        root.below("scratch", worker.description)
    }

    /// The names in a folder that may not be there yet.
    func namesIfPresent(in folder: FilePath) throws(FileError) -> [String] {
        do throws(FileError) {
            return try fileSystem.names(in: folder)
        } catch  where error.errno == .noSuchFileOrDirectory {
            return []
        }
    }

    /// The names in a folder that may not be there yet, or not be seen yet.
    func namesIfSeen(in folder: FilePath) throws(FileError) -> [String] {
        do throws(FileError) {
            return try fileSystem.seenNames(in: folder)
        } catch  where error.errno == .noSuchFileOrDirectory {
            return []
        }
    }
}

extension Platform {
    /// Sixteen random hexadecimal digits.
    func randomDigits() -> String {
        let digits = String(randomBits(), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
