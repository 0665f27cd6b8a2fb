// SPDX-License-Identifier: MIT

private import Glibc
internal import SystemPackage
internal import SystemSupport

/// The beginning of a file on its way, and its digest so far.
final class DraftFile: Sink {
    private let address: WebAddress
    private let path: FilePath
    private let fileSystem: LocalFileSystem
    private let limit: Int
    private let isDigestKnown: Bool
    private let boot: String
    private let descriptor: FileDescriptor
    private let onProgress: @Sendable (TransferProgress) -> Void
    private var hasher = ContentDigest.Hasher()
    private var record: DraftRecord?
    private var isWhole = false
    /// How much is here.
    private(set) var byteCount = 0
    /// Whether a part of it was here before.
    private(set) var isResumed = false

    /// Opens or makes a draft; one of an earlier try is kept where it can be continued.
    init(
        _ path: FilePath,
        on fileSystem: LocalFileSystem,
        of address: WebAddress,
        limit: Int,
        isDigestKnown: Bool,
        onProgress: @escaping @Sendable (TransferProgress) -> Void
    ) throws(TransferError) {
        (self.path, self.fileSystem, self.address) = (path, fileSystem, address)
        (self.limit, self.isDigestKnown) = (limit, isDigestKnown)
        self.onProgress = onProgress
        boot = (try? HostIdentity.current())?.bootIdentifier ?? ""
        do throws(FileError) {
            descriptor = try fileSystem.open(path, .readWrite, options: .noFollow)
        } catch {
            throw .file(error)
        }
        try resume()
    }

    deinit { try? descriptor.close() }

    private var recordPath: FilePath { Self.recordPath(of: path) }

    static func recordPath(of draft: FilePath) -> FilePath { FilePath("\(draft.string).origin") }

    /// Whether the whole file is here, as far as is known before its digest is.
    var isComplete: Bool { isWhole || (record?.total.map { $0 == byteCount } ?? false) }

    /// The lines of the request that ask for the rest.
    var headers: [String] {
        guard byteCount > 0, let record else { return [] }
        let range = "Range: bytes=\(byteCount)-"
        // Without a condition only a digest that is known can tell that the rest is another file's.
        guard let condition = record.condition else { return isDigestKnown ? [range] : [] }
        return [range, "If-Range: \(condition)"]
    }

    // MARK: Taking what arrives

    func begin(_ response: Response) throws(TransferError) {
        if response.status == 206 {
            guard let range = response.contentRange, range.start == byteCount, record?.agrees(with: response) == true
            else {
                try restart()
                throw .changed(address)
            }
        } else {
            if byteCount > 0 { try restart() }
            guard response.isFramed || isDigestKnown else { throw .unknownLength(address) }
            let new = DraftRecord(address, response, boot: boot)
            record = new
            do throws(FileError) { try new.write(recordPath, on: fileSystem) } catch { throw .file(error) }
        }
        if let total = record?.total, total > limit { throw .tooLarge(address, limit: limit) }
    }

    func receive(_ bytes: UnsafeRawBufferPointer) throws(TransferError) {
        guard bytes.count <= limit - byteCount else { throw .tooLarge(address, limit: limit) }
        try onDisk("write") { _ = try unsafe descriptor.writeAll(toAbsoluteOffset: Int64(byteCount), bytes) }
        unsafe hasher.update(bytes)
        byteCount += bytes.count
        onProgress(TransferProgress(byteCount: byteCount, total: record?.total))
    }

    /// Says that an answer ended as its server meant it to.
    func end() {
        if record?.total == nil { isWhole = true }
    }

    /// Forgets all that is here.
    func restart() throws(TransferError) {
        if ftruncate(descriptor.rawValue, 0) != 0 { throw .file(FileError("write", path, Errno(rawValue: errno))) }
        (byteCount, record, isWhole, isResumed) = (0, nil, false, false)
        hasher = ContentDigest.Hasher()
        try? fileSystem.remove(recordPath)
    }

    /// Makes the content survive a power cut, and returns its digest.
    func finish() throws(TransferError) -> ContentDigest {
        while fsync(descriptor.rawValue) != 0 {
            let failure = Errno(rawValue: errno)
            guard failure == .interrupted else { throw .file(FileError("sync", path, failure)) }
        }
        return hasher.finalize()
    }

    // MARK: An earlier try's content

    private func resume() throws(TransferError) {
        let known = DraftRecord.read(recordPath)
        guard let known, known.address == ContentDigest(of: address.identity), known.boot == boot, !boot.isEmpty,
            known.condition != nil || isDigestKnown
        else { return try restart() }
        record = known
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            var count = 0
            try onDisk("read") {
                count = try unsafe buffer.withUnsafeMutableBytes {
                    try unsafe descriptor.read(fromAbsoluteOffset: Int64(byteCount), into: $0)
                }
            }
            if count == 0 { break }
            unsafe buffer.withUnsafeBytes { unsafe hasher.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            byteCount += count
        }
        isResumed = byteCount > 0
        if byteCount > limit || byteCount > known.total ?? Int.max { try restart() }
    }

    private func onDisk(_ operation: String, _ body: () throws -> Void) throws(TransferError) {
        do { try body() } catch { throw .file(FileError(operation, path, error as? Errno ?? .ioError)) }
    }
}
