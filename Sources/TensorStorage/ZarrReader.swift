// SPDX-License-Identifier: MIT

public import HTTPTransfer
private import Synchronization
public import SystemPackage
private import SystemSupport

/// Reads the chunks of a Zarr array; any number of threads may share one.
///
/// Files are opened when first needed. Of those not in use at the moment, only a few stay open.
public final class ZarrReader: Sendable {
    /// What the array holds and how.
    public let metadata: ArrayMetadata
    private let location: any ArrayLocation
    private let openFiles = Monitor(OpenFiles())

    private static let mostOpenFiles = 32

    private struct OpenFiles {
        var files: [Int: ShardFile] = [:]
        /// The numbers of the files, the one used longest ago first.
        var order: [Int] = []
    }

    /// Reads the array's `zarr.json`.
    public convenience init(directory: FilePath) throws {
        try self.init(at: ArrayFolder(path: directory))
    }

    /// Reads the `zarr.json` of an array at an address; of its chunks only those are fetched that are read.
    public convenience init(address: WebAddress, by client: WebClient) throws {
        try self.init(at: RemoteArrayFolder(address: address, client: client))
    }

    init(at location: any ArrayLocation) throws {
        self.location = location
        let name = "zarr.json"
        do {
            metadata = try ArrayMetadata(parsing: location.contents(of: name, limit: 16 << 20))
        } catch let error as TensorFileError {
            throw ShardError(file: location.fullName(of: name), chunk: nil, reason: .metadata(error))
        }
    }

    /// Makes a codec for one thread's reads.
    public func makeCodec() throws(ChunkError) -> ChunkCodec {
        try ChunkCodec(metadata)
    }

    /// Reads a chunk of an array of single or half precision, by its coordinates among the array's chunks.
    ///
    /// The span takes all of the chunk, also what reaches beyond the array.
    public func readChunk(
        _ coordinates: [Int],
        with codec: inout ChunkCodec,
        into elements: inout MutableSpan<Float>
    ) throws {
        let file = try fetch(coordinates, into: &codec.encoded)
        let encoded = codec.takeEncoded()
        defer { codec.giveBack(encoded) }
        do throws(ChunkError) {
            try codec.decode(encoded.span, into: &elements)
        } catch {
            throw ShardError(file: file, chunk: coordinates, reason: .chunk(error))
        }
    }

    /// Reads a chunk of an array of double precision.
    public func readChunk(
        _ coordinates: [Int],
        with codec: inout ChunkCodec,
        into elements: inout MutableSpan<Double>
    ) throws {
        let file = try fetch(coordinates, into: &codec.encoded)
        let encoded = codec.takeEncoded()
        defer { codec.giveBack(encoded) }
        do throws(ChunkError) {
            try codec.decode(encoded.span, into: &elements)
        } catch {
            throw ShardError(file: file, chunk: coordinates, reason: .chunk(error))
        }
    }

    /// Reads all of an array of single or half precision, in C order, of up to a thousand million numbers.
    public func readAll() throws -> [Float] {
        guard let count = elementCount(metadata.shape, limit: 1 << 30) else {
            let reason = "an array of shape \(metadata.shape) is too large to be read at once"
            throw ShardError(file: location.place, chunk: nil, reason: .malformed(reason))
        }
        let values = Monitor([Float](repeating: .nan, count: count))
        let grid = metadata.chunkGrid
        let readers = max(1, readersAtOnce)
        try readChunks(grid.reduce(1, *), readers: readers, at: { gridPosition($0, in: grid) }) {
            [metadata]
            coordinates,
            chunk in
            values.withLock { values in
                forEachRow(ofChunk: coordinates, metadata) { (inChunk, inArray, count) in
                    for index in 0..<count { values[inArray + index] = chunk[inChunk + index] }
                }
            }
        }
        return values.withLock { $0 }
    }

    /// Reads chunks of numbers of any type by several threads, in single precision.
    ///
    /// - Parameters:
    ///   - count: how many chunks.
    ///   - readers: how many are read at once.
    ///   - onMissing: what a chunk that is not stored holds; nil where it must be stored.
    ///   - coordinates: which chunk is which, by a number below the count.
    ///   - body: is given each chunk, on any thread.
    /// - Throws: `ShardError`, `FileError` or `TransferError`, and what the body throws.
    func readChunks(
        _ count: Int,
        readers: Int,
        onMissing: (@Sendable () -> Float)? = nil,
        at coordinates: @escaping @Sendable (_ number: Int) -> [Int],
        _ body: @escaping @Sendable (_ coordinates: [Int], _ chunk: Span<Float>) throws -> Void
    ) throws {
        let next = Atomic(0)
        try onThreads(min(readers, count), named: "chunks") { [self] _ in
            var chunk = [Float](repeating: 0, count: metadata.chunkElementCount)
            var bytes: [UInt8] = []
            var codec = try makeCodec()
            while true {
                let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard number < count else { return }
                let place = coordinates(number)
                do {
                    try readSingle(place, with: &codec, into: &chunk, by: &bytes)
                } catch let error as ShardError where error.isOfMissingChunk {
                    guard let value = onMissing?() else { throw error }
                    for index in chunk.indices { chunk[index] = value }
                }
                try body(place, chunk.span)
            }
        }
    }

    /// Reads a chunk of numbers of any type; those that single precision does not hold are rounded.
    private func readSingle(
        _ coordinates: [Int],
        with codec: inout ChunkCodec,
        into chunk: inout [Float],
        by bytes: inout [UInt8]
    ) throws {
        let type = metadata.elementType
        guard type != .float32, type != .float16 else {
            var span = chunk.mutableSpan
            return try readChunk(coordinates, with: &codec, into: &span)
        }
        let count = chunk.count * type.byteCount
        if bytes.count != count { bytes = [UInt8](repeating: 0, count: count) }
        let file = try fetch(coordinates, into: &codec.encoded)
        let encoded = codec.takeEncoded()
        defer { codec.giveBack(encoded) }
        do throws(ChunkError) {
            try codec.decode(encoded.span, intoBytes: &bytes)
        } catch {
            throw ShardError(file: file, chunk: coordinates, reason: .chunk(error))
        }
        chunk = type.floats(bytes)
    }

    /// How many threads are worth having, whatever the processors: several where chunks come from far away.
    public var readersAtOnce: Int { location.inFlight }

    /// Decodes every chunk of a shard of an array of single or half precision, and so finds all damage of it.
    public func checkShard(_ coordinates: [Int]) throws {
        var chunk = [Float](repeating: 0, count: metadata.chunkElementCount)
        var codec = try makeCodec()
        let perShard = metadata.chunksPerShard
        try forEachPosition(in: perShard) { inner in
            let position = zip(zip(coordinates, perShard), inner).map { $0.0 * $0.1 + $1 }
            guard gridNumber(position, in: metadata.chunkGrid) != nil else { return }
            var span = chunk.mutableSpan
            try readChunk(position, with: &codec, into: &span)
        }
    }

    // MARK: Files

    /// Reads a chunk's stored bytes, and returns the place of their file.
    private func fetch(_ coordinates: [Int], into bytes: inout [UInt8]) throws -> String {
        precondition(gridNumber(coordinates, in: metadata.chunkGrid) != nil, "the chunk lies within the array")
        let perShard = metadata.chunksPerShard
        let shard = zip(coordinates, perShard).map { $0 / $1 }
        let inner = zip(coordinates, perShard).map { $0 % $1 }
        let file = try open(shard)
        let place = try file.extent(ofChunk: gridNumber(inner, in: perShard) ?? 0, at: coordinates)
        // What a compressor makes of noise is hardly longer than the noise.
        let limit = metadata.chunkElementCount * metadata.elementType.byteCount * 2 + 4096
        guard place.count <= limit else {
            let reason = "its \(place.count) bytes are too many for a chunk"
            throw ShardError(file: file.place, chunk: coordinates, reason: .malformed(reason))
        }
        try file.source.read(offset: place.offset, count: place.count, into: &bytes)
        return file.place
    }

    /// Opens each shard afresh from now on: another one may have got its name.
    public func closeFiles() { openFiles.withLock { ($0.files, $0.order) = ([:], []) } }

    private func open(_ shard: [Int]) throws -> ShardFile {
        let number = gridNumber(shard, in: metadata.shardGrid) ?? 0
        let known = openFiles.withLock { open in
            if let file = open.files[number] {
                open.order.removeAll { $0 == number }
                open.order.append(number)
                return file as ShardFile?
            }
            return nil
        }
        if let known { return known }
        let file = try ShardFile(location.open(metadata.key(ofShard: shard)), of: metadata)
        openFiles.withLock { open in
            open.files[number] = file
            open.order.removeAll { $0 == number }
            open.order.append(number)
            if open.order.count > Self.mostOpenFiles { open.files[open.order.removeFirst()] = nil }
        }
        return file
    }
}
