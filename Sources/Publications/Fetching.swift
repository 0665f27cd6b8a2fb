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

extension PublicationCache {
    /// Fetches something, unless it is there; waits where another process does so already.
    ///
    /// - Parameters:
    ///   - publication: what is fetched.
    ///   - client: what fetches it.
    ///   - options: where from, and how much.
    ///   - onStep: is told how far it is, very often.
    /// - Throws: `TransferError`, `ArchiveError`, `CacheError`, `FileError`.
    /// - Returns: where it is.
    public func fetch(
        _ publication: PublishedItem,
        by client: WebClient,
        options: FetchOptions,
        onStep: @escaping @Sendable (FetchStep) -> Void
    ) throws -> Item {
        let folder = try fetchFolder(of: publication)
        var watch = ClaimWatch(patience: patience)
        while true {
            if let item = try find(publication) { return item }
            let sight = try folder.sight()
            switch watch.decide(sight, now: surroundings.now) {
            case .wait:
                onStep(.waiting(byteCount: sight?.growth ?? 0))
                _ = surroundings.wait(on: Monitor(()), atMost: .milliseconds(100)) { _ in false }
            case .take(let number, let earlier):
                guard let draft = try folder.claim(number, continuing: earlier) else { continue }
                return try fetch(publication, into: draft, of: folder, by: client, options, onStep)
            }
        }
    }

    private func fetch(
        _ publication: PublishedItem,
        into draft: FetchDraft,
        of folder: FetchFolder,
        by client: WebClient,
        _ options: FetchOptions,
        _ onStep: @escaping @Sendable (FetchStep) -> Void
    ) throws -> Item {
        do {
            // Between the look and the claim, another may have finished and gone.
            if let item = try find(publication) {
                folder.remove()
                return item
            }
            let pulse = FetchPulse(draft.pulse, on: fileSystem, surroundings)
            let item = try FetchWork(cache: self, publication: publication, draft: draft, options: options) { step in
                pulse.beat()
                onStep(step)
            }.run(by: client)
            folder.remove()
            return item
        } catch {
            folder.withdraw(draft)
            // One who was taken for gone, and is late: another has what was wanted.
            if let item = try? find(publication) { return item }
            throw error
        }
    }
}

/// Lets a file grow while work goes on, so that other machines see that it does.
final class FetchPulse: Sendable {
    private let file: FilePath
    private let fileSystem: LocalFileSystem
    private let surroundings: any Surroundings
    private let last: Monitor<BootClock.Instant?> = Monitor(nil)

    init(_ file: FilePath, on fileSystem: LocalFileSystem, _ surroundings: any Surroundings) {
        (self.file, self.fileSystem, self.surroundings) = (file, fileSystem, surroundings)
    }

    func beat() {
        let now = surroundings.now
        let isDue = last.withLock { last in
            if let last, last.duration(to: now) < .seconds(2) { return false }
            last = now
            return true
        }
        if isDue { try? fileSystem.append([UInt8(ascii: ".")], to: file) }
    }
}
