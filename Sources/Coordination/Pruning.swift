// SPDX-License-Identifier: MIT

public import JobStorage
private import SystemPackage
public import SystemSupport

/// What of a job directory nobody needs any more, and its removal.
///
/// That is: the trash; arrays that no campaign needs that has not ended, and what is in their quarantine; and the
/// heartbeats, registrations and logs of workers that left. Only what was not touched for some time goes.
public struct Pruning: Sendable {
    /// Something that can go.
    public struct Item: Equatable, Encodable, Sendable {
        /// What it is.
        public enum Kind: String, Encodable, Sendable {
            /// An array that no unfinished campaign needs.
            case array
            /// A damaged file that was moved away.
            case damaged
            /// What a worker that left has written of itself.
            case worker
            /// Something in the trash.
            case trash
        }

        /// What it is.
        public let kind: Kind
        /// Its name.
        public let name: String
        /// How many bytes it takes.
        public let bytes: Int
        /// What it is, in words.
        public let what: String
        /// The campaigns that needed it.
        public let campaigns: [CampaignID]

        init(_ kind: Kind, _ name: String, bytes: Int, what: String, campaigns: [CampaignID] = []) {
            (self.kind, self.name, self.bytes, self.what) = (kind, name, bytes, what)
            self.campaigns = campaigns
        }
    }

    private let directory: JobDirectory
    private let age: Duration
    private let observer: HostIdentity

    /// Looks for what was not touched for some time.
    public init(_ directory: JobDirectory, olderThan age: Duration, seenFrom observer: HostIdentity) {
        self.directory = directory
        self.age = age
        self.observer = observer
    }

    /// Removes what nobody needs.
    ///
    /// - Parameters:
    ///   - isDryRun: whether only to say what would go.
    ///   - onItem: is told of each thing when it is gone.
    /// - Throws: `FileError` where the directory refuses.
    public func run(isDryRun: Bool, onItem: (Item) -> Void) throws {
        try directory.withScratch { scratch in
            let probe = scratch.appending("time")
            try directory.fileSystem.create(probe, contents: [], durably: false)
            let now = try FileTime(of: probe)
            try pruneArrays(now, isDryRun, onItem)
            try pruneWorkers(now, isDryRun, onItem)
            try pruneTrash(now, isDryRun, onItem)
        }
    }

    // MARK: Arrays

    private func pruneArrays(_ now: FileTime, _ isDryRun: Bool, _ onItem: (Item) -> Void) throws {
        let ended = try endedCampaigns(now)
        // Before any goes, for some are described by others.
        var descriptions = ArrayDescriptions(directory)
        var texts: [ContentDigest: String] = [:]
        for address in try directory.arrays() {
            let array = directory.array(address)
            texts[address] = descriptions.text(of: array, users: (try? directory.users(of: array)) ?? [])
        }
        for address in try directory.arrays() {
            let array = directory.array(address)
            // What only has an array's name is somebody else's.
            guard (try? directory.fileSystem.names(in: array)) != nil else { continue }
            let users = try directory.users(of: array)
            guard users.allSatisfy({ ended[$0] ?? false }), isOld(array, now) else {
                try pruneQuarantine(of: array, texts[address] ?? "", now, isDryRun, onItem)
                continue
            }
            let item = Item(
                .array,
                address.hexadecimal,
                bytes: byteCount(ofTree: array),
                what: texts[address] ?? "",
                campaigns: users
            )
            if try isDryRun || directory.release(array, hasEnded: { ended[$0] ?? false }) { onItem(item) }
        }
    }

    /// Whether each campaign has ended, and that long ago; one that is not known is
    /// being submitted, and needs what it has pinned.
    private func endedCampaigns(_ now: FileTime) throws -> [CampaignID: Bool] {
        var control = ControlReader(directory)
        try control.refresh()
        var ended: [CampaignID: Bool] = [:]
        for campaign in try directory.campaigns() {
            let success = directory.reports(of: campaign).appending("SUCCESS.json")
            if try directory.isMerged(campaign) {
                ended[campaign] = isOld(success, now)
                continue
            }
            guard let plan = try? directory.plan(of: campaign) else {
                ended[campaign] = false
                continue
            }
            // A cancelled campaign is over; a failed one may be retried, and keeps what it has.
            ended[campaign] =
                try control.state.cancellation(of: campaign) != nil
                && directory.hasEnded(campaign, plan: plan, control: control.state)
        }
        return ended
    }

    private func pruneQuarantine(
        of array: FilePath,
        _ text: String,
        _ now: FileTime,
        _ isDryRun: Bool,
        _ onItem: (Item) -> Void
    ) throws {
        for file in try directory.quarantined(in: array) where isOld(file, now) {
            let item = Item(
                .damaged,
                file.lastComponent?.string ?? "",
                bytes: byteCount(ofTree: file),
                what: "a damaged file of \(text)",
                campaigns: try directory.users(of: array)
            )
            if !isDryRun { try directory.fileSystem.removeTree(file) }
            onItem(item)
        }
    }

    // MARK: Workers

    private func pruneWorkers(_ now: FileTime, _ isDryRun: Bool, _ onItem: (Item) -> Void) throws {
        let root = directory.root
        for worker in try directory.registeredWorkers() where directory.hasLeft(worker, seenFrom: observer) {
            let files = [
                root.appending("heartbeats").appending(worker.description),
                root.appending("workers").appending(worker.description),
                root.appending("logs").appending("\(worker).jsonl"),
            ]
            guard files.allSatisfy({ isOld($0, now) }) else { continue }
            let bytes = files.reduce(0) { $0 + byteCount(ofTree: $1) }
            let last = files.compactMap { try? FileTime(of: $0) }.max()
            let ago = last.map { ", last heard of \(TimeSpan(max(.zero, $0.duration(to: now)))) ago" } ?? ""
            if !isDryRun { for file in files { try directory.fileSystem.removeTree(file) } }
            let what = "heartbeat, registration and log of a worker on \(worker.host)\(ago)"
            onItem(Item(.worker, worker.description, bytes: bytes, what: what))
        }
    }

    // MARK: Trash

    private func pruneTrash(_ now: FileTime, _ isDryRun: Bool, _ onItem: (Item) -> Void) throws {
        let trash = directory.root.appending("trash")
        for name in try directory.fileSystem.names(in: trash).sorted() {
            let path = trash.appending(name)
            guard isOld(path, now) else { continue }
            let item = Item(.trash, name, bytes: byteCount(ofTree: path), what: "removed before, and left in the trash")
            if !isDryRun { try directory.fileSystem.removeTree(path) }
            onItem(item)
        }
    }

    /// What is not there was not touched either.
    private func isOld(_ path: FilePath, _ now: FileTime) -> Bool {
        guard let time = try? FileTime(of: path) else { return true }
        return time.duration(to: now) >= age
    }
}

extension JobDirectory {
    /// Whether a worker has said that it leaves, or is known to be gone.
    ///
    /// One that has no heartbeat beats for the first time, and holds nothing, or was found gone by a coordinator.
    func hasLeft(_ worker: WorkerName, seenFrom observer: HostIdentity) -> Bool {
        if let isThere = try? hasHeartbeat(worker), !isThere { return true }
        guard let beat = heartbeat(of: worker) else { return false }
        if beat.state == .stopped { return true }
        guard let registration = registration(of: worker) else { return false }
        return platform.isProvablyDead(registration.identity, seenFrom: observer)
    }
}
