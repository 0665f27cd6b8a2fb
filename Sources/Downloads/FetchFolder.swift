// SPDX-License-Identifier: MIT

internal import SystemPackage
internal import SystemSupport

/// The folder in which processes that want the same thing settle who fetches it.
///
/// There is no lock to be left behind: whoever dies is seen to be dead, and its draft is continued.
struct FetchFolder {
    let path: FilePath
    private let fileSystem: LocalFileSystem
    private let platform: any Platform
    private let identity: HostIdentity

    init(_ path: FilePath, on fileSystem: LocalFileSystem, _ platform: any Platform) throws {
        self.path = path
        self.fileSystem = fileSystem
        self.platform = platform
        identity = try platform.identity()
    }

    /// The claim that counts.
    func observation() throws -> ClaimWatch.Observation? {
        let names = try fileSystem.namesIfPresent(in: path) ?? []
        guard let number = names.compactMap({ FetchClaim.number($0) }).max() else { return nil }
        let claim = FetchClaim.read(path.below(FetchClaim.name(number)))
        let growing = claim.map { claim in
            let draft = FetchDraft(folder: path, name: claim.draft, claim: nil)
            return [draft.part, draft.whole, draft.heartbeats]
        }
        return ClaimWatch.Observation(
            number: number,
            draft: claim?.draft,
            growth: growing?.reduce(0) { $0 + (fileSize($1) ?? 0) } ?? 0,
            isDead: claim.map { $0.isWithdrawn || platform.isProvablyDead($0.owner, seenFrom: identity) } ?? false
        )
    }

    /// Makes a claim, and takes over the draft of one who is gone; nil where somebody else was quicker.
    func claim(_ number: Int, continuing draft: String?) throws -> FetchDraft? {
        try fileSystem.makeDirectories(path)
        let claim = FetchClaim(owner: identity, draft: "draft-\(String(platform.randomBits(), radix: 16))")
        guard try makeUnlessGone(claim, number) else { return nil }
        let own = FetchDraft(folder: path, name: claim.draft, claim: path.below(FetchClaim.name(number)))
        if let draft {
            let theirs = FetchDraft(folder: path, name: draft, claim: nil)
            try? fileSystem.rename(theirs.part, to: own.part)
            try? fileSystem.rename(theirs.origin, to: own.origin)
            try? fileSystem.rename(theirs.whole, to: own.whole)
            try? fileSystem.removeTree(theirs.unpacked)
        }
        return own
    }

    /// Makes a claim, unless somebody was quicker, or has finished and removed the folder.
    private func makeUnlessGone(_ claim: FetchClaim, _ number: Int) throws -> Bool {
        do {
            return try claim.make(number, in: path, on: fileSystem)
        } catch let error as FileError where error.errno == .noSuchFileOrDirectory {
            return false
        }
    }

    /// Says that an owner has stopped, so that whoever comes next goes on with its draft at once.
    func withdraw(_ draft: FetchDraft) {
        guard let claim = draft.claim else { return }
        let withdrawn = FetchClaim(owner: identity, draft: draft.name, isWithdrawn: true)
        try? withdrawn.replace(claim, by: path.below("\(draft.name).new"), on: fileSystem)
    }

    /// Removes the folder, once what was fetched has its place.
    func remove() {
        try? fileSystem.removeTree(path)
    }
}

/// The files that one owner writes.
struct FetchDraft {
    let folder: FilePath
    let name: String
    let claim: FilePath?

    /// What has arrived.
    var part: FilePath { folder.below("\(name).part") }
    /// What is known of it.
    var origin: FilePath { folder.below("\(name).part.origin") }
    /// All of it.
    var whole: FilePath { folder.below("\(name).whole") }
    /// What is unpacked from it.
    var unpacked: FilePath { folder.below("\(name).unpacked") }
    /// Grows while the owner works.
    var heartbeats: FilePath { folder.below("\(name).heartbeats") }
}
