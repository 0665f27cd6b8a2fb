// SPDX-License-Identifier: MIT

public import Archives
public import HTTPTransfer
internal import SystemPackage
internal import SystemSupport

/// What is being done to fetch something.
public enum FetchStep: Sendable {
    /// Bytes arrive.
    case transferring(TransferProgress)
    /// Another process fetches it; so many bytes are there.
    case waiting(byteCount: Int)
    /// Files come out of an archive.
    case unpacking(UnpackedContent)
}

/// How something is fetched.
public struct FetchOptions: Sendable {
    /// The base that stands for the catalogue's.
    public var mirror: WebAddress?
    /// The most bytes that a file or an archive may have.
    public var byteLimit: Int
    /// The most that may come out of an archive.
    public var archives: ArchiveLimits

    /// Sets how something is fetched.
    public init(mirror: WebAddress?, byteLimit: Int, archives: ArchiveLimits) {
        (self.mirror, self.byteLimit, self.archives) = (mirror, byteLimit, archives)
    }

    /// The most bytes that the published archives are expected to stay below by far.
    public static let usualByteLimit = 256 << 30
}

extension DownloadCache {
    /// Fetches something, unless it is there; waits where another process does so already.
    ///
    /// - Parameters:
    ///   - item: what is fetched.
    ///   - client: what fetches it.
    ///   - options: where from, and how much.
    ///   - onStep: is told how far it is, very often.
    /// - Throws: `TransferError`, `ArchiveError`, `CacheError`, `FileError`.
    /// - Returns: where it is.
    public func fetch(
        _ item: CatalogueItem,
        by client: WebClient,
        options: FetchOptions,
        onStep: @escaping @Sendable (FetchStep) -> Void
    ) throws -> Copy {
        let folder = try fetchFolder(of: item)
        var watch = ClaimWatch(patience: patience)
        while true {
            if let copy = try find(item) { return copy }
            let observation = try folder.observation()
            switch watch.decide(observation, now: platform.now) {
            case .wait:
                onStep(.waiting(byteCount: observation?.growth ?? 0))
                _ = platform.wait(on: Monitor(()), atMost: .milliseconds(100)) { _ in false }
            case .take(let number, let earlier):
                guard let draft = try folder.claim(number, continuing: earlier) else { continue }
                return try fetch(item, into: draft, of: folder, by: client, options, onStep)
            }
        }
    }

    private func fetch(
        _ item: CatalogueItem,
        into draft: FetchDraft,
        of folder: FetchFolder,
        by client: WebClient,
        _ options: FetchOptions,
        _ onStep: @escaping @Sendable (FetchStep) -> Void
    ) throws -> Copy {
        do {
            // Between the look and the claim, another may have finished and gone.
            if let copy = try find(item) {
                folder.remove()
                return copy
            }
            let heartbeats = FetchHeartbeat(draft.heartbeats, on: fileSystem, platform)
            let copy = try FetchWork(cache: self, item: item, draft: draft, options: options) { step in
                heartbeats.beat()
                onStep(step)
            }.run(by: client)
            folder.remove()
            return copy
        } catch {
            folder.withdraw(draft)
            // One who was taken for gone, and is late: another has what was wanted.
            if let copy = try? find(item) { return copy }
            throw error
        }
    }
}

/// Lets a file grow while work goes on, so that other machines see that it does.
final class FetchHeartbeat: Sendable {
    private let file: FilePath
    private let fileSystem: LocalFileSystem
    private let platform: any Platform
    private let last: Monitor<BootClock.Instant?> = Monitor(nil)

    init(_ file: FilePath, on fileSystem: LocalFileSystem, _ platform: any Platform) {
        (self.file, self.fileSystem, self.platform) = (file, fileSystem, platform)
    }

    func beat() {
        let now = platform.now
        let isDue = last.withLock { last in
            if let last, last.duration(to: now) < .seconds(2) { return false }
            last = now
            return true
        }
        if isDue { try? fileSystem.append([UInt8(ascii: ".")], to: file) }
    }
}
