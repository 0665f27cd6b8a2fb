// SPDX-License-Identifier: MIT

public import HTTPTransfer
public import SystemPackage
public import SystemSupport

/// The rows of an array that any program made: a Zarr folder or a `.npy` file, on disk or at an address.
///
/// Any number of threads may share one. Of what lies at an address, only what is asked for is fetched.
public final class RowSource: Sendable {
    /// Where an array lies.
    public enum Place: Sendable, CustomStringConvertible {
        /// On disk.
        case path(FilePath)
        /// On a web server, asked by a client.
        case address(WebAddress, WebClient)

        /// The path, or the address without its secrets.
        public var description: String {
            switch self {
            case .path(let path): path.string
            case .address(let address, _): "\(address)"
            }
        }
    }

    /// Where the array lies.
    public let place: Place
    private let rows: any Rows

    /// Reads what describes the array; no numbers yet.
    ///
    /// Its content tells its format, whatever its name.
    ///
    /// - Throws: `TensorFileError` for what is not read here, `ShardError`, `FileError` or `TransferError`.
    public init(_ place: Place) throws {
        self.place = place
        rows = try place.rows()
        guard let count = rows.shape.first, count <= Self.rowLimit,
            elementCount(Array(rows.shape.dropFirst()), limit: Self.widthLimit) ?? 0 > 0
        else {
            throw TensorFileError.refused(
                format: rows.format,
                reason:
                    "its shape is \(rows.shape); up to \(Self.rowLimit) rows of 1 to \(Self.widthLimit) numbers are read"
            )
        }
    }

    private static let rowLimit = 1 << 24
    private static let widthLimit = 1 << 28

    /// The array's sizes, that of its rows first.
    public var shape: [Int] { rows.shape }

    /// Numbers in a row.
    public var width: Int { rows.width }

    /// What the array says of itself beside its numbers; nothing for a `.npy` file.
    public var attributes: [String: JSONValue] { rows.attributes }

    /// Bytes of memory that each reader takes, beside the rows themselves.
    public var bytesPerReader: Int { rows.bytesPerReader }

    /// How many chunks that are not stored were read as the number that the array names for them.
    public var filledChunks: Int { rows.filledChunks }

    /// What the user should know of the array.
    public var remarks: [String] { rows.remarks }

    /// Reads rows, in single precision, one after the other in the order asked for; each is asked for once.
    ///
    /// Chunks are read at once by as many as there are threads, or more where they come from a server, as far as the
    /// memory allows, and by one in any case.
    public func read(_ wanted: [Int], threads: Int, memory: Int) throws -> [Float] {
        precondition(wanted.allSatisfy { (0..<(shape.first ?? 0)).contains($0) }, "the rows lie within the array")
        let useful = rows.isRemote ? max(threads, RemoteArrayFolder.requestsAtOnce) : threads
        return try rows.read(wanted, readers: max(1, min(useful, memory / bytesPerReader)))
    }

    /// What tells a row's numbers from all others, whatever format they came in: the digest of their bytes in single precision.
    public static func digest(of row: Span<Float>) -> ContentDigest { ContentDigest(of: memoryBytes(of: row)) }

    /// A small file in the array's folder, or in that of its file; nil where there is none.
    ///
    /// A server may say in many ways that there is none, of which some sound like another fault, or be a page of HTML.
    ///
    /// - Parameters:
    ///   - name: the file's name.
    ///   - limit: the most bytes that it may have.
    ///   - onRefusal: is told what a server said, where that may mean something else.
    /// - Throws: `FileError` or `TransferError`.
    /// - Returns: the file's bytes.
    public func companion(_ name: String, limit: Int, onRefusal: (String) -> Void = { _ in }) throws -> [UInt8]? {
        do {
            switch place {
            case .path(let path):
                let folder = rows is NumPyRows ? path.removingLastComponent() : path
                return try LocalFileSystem().contents(ofUserFile: folder.pushing(FilePath(name)), limit: limit)
            case .address(let address, let client):
                let file = try rows is NumPyRows ? address.sibling(name) : address.below(name)
                let bytes = try client.contents(of: file, limit: limit)
                guard FileKind.isPage(bytes) else { return bytes }
                onRefusal("\(file) is a page of HTML")
            }
        } catch let error as FileError where error.errno == .noSuchFileOrDirectory {
            return nil
        } catch let error as TransferError where error.isRefusal {
            if !error.isAbsence { onRefusal("\(error)") }
        }
        return nil
    }
}

/// The rows of an array in one format.
protocol Rows: Sendable {
    var format: String { get }
    var shape: [Int] { get }
    var attributes: [String: JSONValue] { get }
    var bytesPerReader: Int { get }
    var filledChunks: Int { get }
    var remarks: [String] { get }
    /// Whether several requests at once are quicker than one after the other.
    var isRemote: Bool { get }
    /// Reads rows by so many threads, or fewer where there are fewer chunks or requests.
    func read(_ wanted: [Int], readers: Int) throws -> [Float]
}

extension Rows {
    var width: Int { shape.dropFirst().reduce(1, *) }
}
