// SPDX-License-Identifier: MIT

private import SystemPackage
public import SystemSupport

extension JobDirectory {
    private static let beatLimit = 1 << 20

    /// Makes a worker known and gives it a private folder; once in its life.
    public func register(_ registration: WorkerRegistration) throws(FileError) {
        try fileSystem.makeDirectories(scratch(of: registration.worker))
        let file = root.below("workers", registration.worker.description)
        try fileSystem.create(file, contents: encodedRecord(registration), durably: true)
        try fileSystem.synchronize(directory: root.below("workers"))
    }

    /// Makes a private folder for a process that is no worker, with a note of whose it is; returns its new name.
    public func makeScratch(for identity: HostIdentity) throws(FileError) -> WorkerName {
        let name = WorkerName(identity, random: platform.randomBits())
        let folder = scratch(of: name)
        try fileSystem.makeDirectories(folder)
        do throws(FileError) {
            try fileSystem.create(folder.below("owner"), contents: encodedRecord(identity), durably: false)
        } catch {
            try? fileSystem.removeTree(folder)
            throw error
        }
        return name
    }

    /// Whose a private folder is, by the note in it; nil where it cannot be told.
    public func scratchOwner(of name: WorkerName) -> HostIdentity? {
        let file = scratch(of: name).below("owner")
        guard let bytes = try? fileSystem.contents(of: file, limit: Self.beatLimit) else { return nil }
        return decodedRecord(HostIdentity.self, from: bytes)
    }

    /// Who a worker said it is; nil where it cannot be told.
    public func registration(of worker: WorkerName) -> WorkerRegistration? {
        let file = root.below("workers", worker.description)
        guard let bytes = try? fileSystem.contents(of: file, limit: Self.beatLimit) else { return nil }
        return decodedRecord(WorkerRegistration.self, from: bytes)
    }

    /// Replaces a worker's heartbeat; once this returns, the attempts in it are leased.
    public func beat(_ heartbeat: Heartbeat) throws(FileError) {
        let file = root.below("heartbeats", heartbeat.worker.description)
        try fileSystem.overwrite(file, contents: heartbeat.encoded())
    }

    /// A worker's last heartbeat; nil where there is none or it was just being written.
    public func heartbeat(of worker: WorkerName) -> Heartbeat? {
        let file = root.below("heartbeats", worker.description)
        guard let bytes = try? fileSystem.contents(of: file, limit: Self.beatLimit),
            let beat = Heartbeat(decoding: bytes), beat.worker == worker
        else { return nil }
        return beat
    }

    /// The workers that ever had a heartbeat here.
    public func workersWithHeartbeat() throws(FileError) -> [WorkerName] {
        try fileSystem.names(in: root.below("heartbeats")).compactMap { WorkerName($0) }.sorted()
    }

    /// The workers that ever were known here and are not forgotten.
    public func registeredWorkers() throws(FileError) -> [WorkerName] {
        try fileSystem.names(in: root.below("workers")).compactMap { WorkerName($0) }.sorted()
    }

    /// Whether a worker has a heartbeat; not before its first, and not after a coordinator found it gone.
    public func hasHeartbeat(_ worker: WorkerName) throws(FileError) -> Bool {
        try fileSystem.isPresent(root.below("heartbeats", worker.description))
    }

    /// Removes the heartbeat of a worker that is gone.
    public func removeHeartbeat(of worker: WorkerName) throws(FileError) {
        do throws(FileError) {
            try fileSystem.remove(root.below("heartbeats", worker.description))
        } catch  where error.errno == .noSuchFileOrDirectory {
            // Another coordinator was quicker.
        }
    }

    /// Adds a line to a worker's log.
    public func log(_ record: LogRecord, of worker: WorkerName) throws(FileError) {
        let file = root.below("logs", "\(worker).jsonl")
        try fileSystem.append(encodedRecord(record) + [newline], to: file)
    }
}
