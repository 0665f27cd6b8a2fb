// SPDX-License-Identifier: MIT

private import HTTPTransfer
private import Synchronization
private import SystemSupport

/// The rows of a Zarr array whose chunks may hold any number of them.
struct ZarrRows: Rows {
    let format = "Zarr"
    let remarks: [String] = []
    private let reader: ZarrReader
    private let filled = Counter()

    init(_ place: RowSource.Place) throws {
        let location: any ArrayLocation =
            switch place {
            case .path(let path): ArrayFolder(path: path, isUsers: true)
            case .address(let address, let client): RemoteArrayFolder(address: address, client: client)
            }
        do {
            reader = try ZarrReader(at: location)
        } catch let error as ShardError where error.reason == .missingFile {
            throw Self.olderVersion(at: location) ?? error
        }
        try checkChunks()
    }

    /// What to say of an array without a `zarr.json`, where it has what arrays of the second version have.
    private static func olderVersion(at location: any ArrayLocation) -> TensorFileError? {
        if (try? location.contents(of: ".zarray", limit: 1 << 20)) != nil {
            return .refused(format: "Zarr", reason: "it is of version 2; write it anew with zarr_format=3")
        }
        if (try? location.contents(of: ".zgroup", limit: 1 << 20)) != nil {
            return .refused(
                format: "Zarr",
                reason: "it is a group of version 2; write the array anew with zarr_format=3, and name its own path"
            )
        }
        return nil
    }

    /// Refuses chunks that take far more memory or calls than the array's numbers justify.
    private func checkChunks() throws {
        let metadata = reader.metadata
        let (chunk, array) = (metadata.chunkElementCount, metadata.shape.reduce(1, *))
        guard chunk <= min(Self.largestChunk, max(Self.usualChunk, array * 8)), chunksPerBand <= Self.chunksPerRow
        else {
            throw TensorFileError.refused(
                format: "Zarr",
                reason:
                    "its chunks have the shape \(metadata.chunkShape), and it has the shape \(metadata.shape); write it "
                    + "anew with chunks of up to \(Self.usualChunk) numbers, and of at most \(Self.chunksPerRow) a row"
            )
        }
    }

    /// Numbers that any chunk may have.
    private static let usualChunk = 1 << 22
    /// Numbers that a chunk of an array of many may have: half a gigabyte.
    private static let largestChunk = 1 << 27
    private static let chunksPerRow = 1 << 16

    var shape: [Int] { reader.metadata.shape }

    var attributes: [String: JSONValue] { reader.metadata.attributes }

    /// A chunk as single precision, as its own bytes where these are others, put together by their place, and encoded.
    var bytesPerReader: Int {
        let (count, width) = (reader.metadata.chunkElementCount, reader.metadata.elementType.byteCount)
        return count * (4 + 2 * width + (width == 4 ? 0 : 4 + width))
    }

    var isRemote: Bool { reader.readersAtOnce > 1 }

    private var chunksPerBand: Int { reader.metadata.chunkGrid.dropFirst().reduce(1, *) }

    var filledChunks: Int { filled.count }

    func read(_ wanted: [Int], readers: Int) throws -> [Float] {
        let (metadata, width) = (reader.metadata, self.width)
        let places = Dictionary(uniqueKeysWithValues: wanted.enumerated().map { ($1, $0) })
        // The rows of chunks that hold the wanted ones, and the chunks of each.
        let bands = Set(wanted.map { $0 / metadata.chunkShape[0] }).sorted()
        let perBand = chunksPerBand
        let rest = Array(metadata.chunkGrid.dropFirst())
        let values = Monitor([Float](repeating: .nan, count: wanted.count * width))
        let onMissing = metadata.fillValue.map { value in
            { @Sendable [filled] in
                filled.add()
                return value
            }
        }
        try reader.readChunks(
            bands.count * perBand,
            readers: readers,
            onMissing: onMissing,
            at: { [bands[$0 / perBand]] + gridPosition($0 % perBand, in: rest) }
        ) { coordinates, chunk in
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
