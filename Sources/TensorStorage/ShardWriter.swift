// SPDX-License-Identifier: MIT

public import SystemPackage
public import SystemSupport

/// Writes one shard's file under a name that nobody else uses; one thread owns it.
///
/// A writer that is given up before ``finish()`` removes its file.
public struct ShardWriter: ~Copyable {
    private let path: FilePath
    private let fileSystem: LocalFileSystem
    private let descriptor: FileDescriptor
    private let grid: [Int]
    private var index: ShardIndex
    private var hasher = ContentDigest.Hasher()
    private var size = 0
    private var isFinished = false

    /// Creates the file, which must not exist yet.
    public init(
        creating path: FilePath,
        for metadata: ArrayMetadata,
        on fileSystem: LocalFileSystem = LocalFileSystem()
    ) throws(FileError) {
        precondition(
            metadata.shardShape != nil && metadata.indexAtEnd,
            "the array has shards with their index at the end"
        )
        (self.path, self.fileSystem) = (path, fileSystem)
        grid = metadata.chunksPerShard
        index = ShardIndex(chunkCount: grid.reduce(1, *))
        descriptor = try fileSystem.open(path, .writeOnly, options: .exclusiveCreate)
    }

    deinit {
        try? descriptor.close()
        if !isFinished { try? fileSystem.remove(path) }
    }

    /// Adds an encoded chunk at its coordinates within the shard, in any order, each once.
    public mutating func append(_ encoded: [UInt8], at coordinates: [Int]) throws(FileError) {
        guard let number = gridNumber(coordinates, in: grid) else {
            // Writers count chunks over the very grid that they were made with, and read none from outside.
            preconditionFailure("the chunk lies within the shard")
        }
        precondition(index.isMissing(number), "each chunk is written once")
        index.set(number, offset: size, count: encoded.count)
        try write(encoded)
    }

    /// Writes the index and syncs the file, whose size and digest are returned.
    public consuming func finish() throws(FileError) -> (byteCount: Int, digest: ContentDigest) {
        try write(index.encoded)
        try synchronizeFile(descriptor, path)
        isFinished = true
        return (size, hasher.finalize())
    }

    private mutating func write(_ bytes: [UInt8]) throws(FileError) {
        do {
            try descriptor.writeAll(bytes)
        } catch {
            throw FileError("write", path, error as? Errno ?? .ioError)
        }
        hasher.update(bytes)
        size += bytes.count
    }
}
