// SPDX-License-Identifier: MIT

private import HTTPTransfer
private import Synchronization
private import SystemSupport

/// The rows of a Zarr array whose chunks may hold any number of them.
struct ZarrRows: Rows {
    let format = "Zarr"
    private let reader: ZarrReader
    private let filled = Counter()

    init(_ place: RowSource.Place) throws {
        let location: any ArrayLocation =
            switch place {
            case .path(let path): ArrayFolder(path: path)
            case .address(let address, let client): ArrayAddress(address: address, client: client)
            }
        do {
            reader = try ZarrReader(at: location)
        } catch {
            guard (try? location.contents(of: ".zarray", limit: 1 << 20)) != nil else { throw error }
            throw TensorFileError.refused(
                format: "Zarr",
                reason: "it is of version 2; write it anew with zarr_format=3"
            )
        }
        // A chunk is held whole, so one that is mostly outside of a small array would take memory for nothing.
        let (chunk, array) = (reader.metadata.chunkElementCount, reader.metadata.shape.reduce(1, *))
        guard chunk <= max(Self.usualChunk, array * 8) else {
            throw TensorFileError.refused(
                format: "Zarr",
                reason: "its chunks have the shape \(reader.metadata.chunkShape), far more than the array's "
                    + "\(reader.metadata.shape); write it anew with smaller chunks"
            )
        }
    }

    /// Numbers that any chunk may have.
    private static let usualChunk = 1 << 22

    var shape: [Int] { reader.metadata.shape }

    var attributes: [String: JSONValue] { reader.metadata.attributes }

    /// A chunk in single and in double precision, and encoded.
    var bytesPerThread: Int { reader.metadata.chunkElementCount * 20 }

    var filledChunks: Int { filled.count }

    func read(_ wanted: [Int], threads: Int) throws -> [Float] {
        let (metadata, width) = (reader.metadata, self.width)
        let rowsPerChunk = metadata.chunkShape[0]
        let places = Dictionary(uniqueKeysWithValues: wanted.enumerated().map { ($1, $0) })
        var chunks: [[Int]] = []
        for band in Set(wanted.map { $0 / rowsPerChunk }).sorted() {
            forEachPosition(in: [1] + metadata.chunkGrid.dropFirst()) { chunks.append([band] + $0.dropFirst()) }
        }
        let values = Mutex([Float](repeating: .nan, count: wanted.count * width))
        let onMissing = metadata.fillValue.map { value in
            { @Sendable [filled] in
                filled.add()
                return value
            }
        }
        try reader.readChunks(chunks, threads: threads, onMissing: onMissing) { coordinates, chunk in
            values.withLock { values in
                forEachRow(ofChunk: coordinates, metadata) { (inChunk, inArray, count) in
                    // In an array of one axis, a run holds several rows of one number.
                    let rowsOfRun = metadata.shape.count == 1 ? count : 1
                    let columns = count / rowsOfRun
                    for number in 0..<rowsOfRun {
                        guard let place = places[inArray / width + number] else { continue }
                        let (from, to) = (inChunk + number, place * width + inArray % width)
                        for column in 0..<columns { values[to + column] = chunk[from + column] }
                    }
                }
            }
        }
        return values.withLock { $0 }
    }
}

/// Counts on any thread.
private final class Counter: Sendable {
    private let value = Atomic(0)

    var count: Int { value.load(ordering: .relaxed) }

    func add() { value.wrappingAdd(1, ordering: .relaxed) }
}
