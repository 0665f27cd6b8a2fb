// SPDX-License-Identifier: MIT

internal import FoundationEssentials
internal import JobStorage
internal import SystemPackage
internal import SystemSupport
internal import TensorStorage
internal import WorkerRuntime

/// A file of an array, as a job's result names it.
struct WrittenFile: Codable, Equatable {
    /// Below the job directory.
    let path: String
    let bytes: Int
    let digest: ContentDigest
}

/// Puts files of arrays in their place, whole and once.
struct ArrayFiles {
    /// The name of an array's description, in its directory.
    static let metadataName = "zarr.json"
    /// Names each row's image.
    static let imagesName = "images.json"

    let context: JobContext

    /// Where a shard is, or will be.
    static func shard(_ directory: FilePath, _ metadata: ArrayMetadata, _ coordinates: [Int]) -> FilePath {
        metadata.key(ofShard: coordinates).split(separator: "/").reduce(directory) { $0.appending(String($1)) }
    }

    /// Where the shard that holds whole rows is, by its number.
    static func shard(_ directory: FilePath, _ metadata: ArrayMetadata, _ number: Int) -> FilePath {
        shard(directory, metadata, [number] + [Int](repeating: 0, count: metadata.shape.count - 1))
    }

    /// Whether a file of an array is there, so that it need not be made; one that was put away since is not.
    func isThere(_ path: FilePath) throws -> Bool { try context.directory.fileSystem.isStillPresent(path) }

    /// Adds a small file to an array unless it has one of that name; another's stays.
    func store(_ bytes: [UInt8], at path: FilePath) throws {
        if try isThere(path) { return }
        let draft = try context.scratch().appending("file-\(UInt64.random(in: .min ... .max))")
        try context.directory.fileSystem.create(draft, contents: bytes, durably: true)
        _ = try context.directory.linkShard(from: draft, to: path)
    }

    /// Gives a finished shard its name; where another's is there, that one stays and is described instead.
    ///
    /// If it differs, though the array says that the same version made it on the same kind of processor, one of the two
    /// machines computes wrongly.
    func store(
        _ draft: FilePath,
        _ written: (byteCount: Int, digest: ContentDigest),
        at path: FilePath,
        in array: FilePath,
        of metadata: ArrayMetadata
    ) throws -> WrittenFile {
        let isOurs = try context.directory.linkShard(from: draft, to: path)
        guard !isOurs else { return describe(path, written.byteCount, written.digest) }
        let present = try describe(present: path)
        let description = array.appending(Self.metadataName)
        let isMadeAlike = try context.directory.fileSystem.contents(of: description, limit: 1 << 20) == metadata.encoded
        if isMadeAlike, present.digest != written.digest {
            context.raiseAlarm(
                "\(present.path) differs from what this machine makes of the same job: this machine, or the one that "
                    + "made it, computes wrongly"
            )
        }
        return present
    }

    /// Describes a file that is there already.
    func describe(present path: FilePath) throws -> WrittenFile {
        do {
            return try read(present: path)
        } catch let error as Errno {
            throw FileError("read", path, error)
        }
    }

    private func read(present path: FilePath) throws -> WrittenFile {
        var hasher = ContentDigest.Hasher()
        var size = 0
        let descriptor = try context.directory.disk.open(toRead: path)
        try descriptor.closeAfter {
            var buffer = [UInt8](repeating: 0, count: 1 << 20)
            while true {
                let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe descriptor.read(into: $0) }
                if count == 0 { break }
                hasher.update(count == buffer.count ? buffer : Array(buffer.prefix(count)))
                size += count
            }
        }
        return describe(path, size, hasher.finalize())
    }

    private func describe(_ path: FilePath, _ size: Int, _ digest: ContentDigest) -> WrittenFile {
        var relative = path
        _ = relative.removePrefix(context.directory.root)
        return WrittenFile(path: relative.string, bytes: size, digest: digest)
    }
}
