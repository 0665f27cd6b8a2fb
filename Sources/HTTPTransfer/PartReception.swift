// SPDX-License-Identifier: MIT

/// Takes a part of a file; after a break it asks for what is missing of it.
///
/// Parts are asked for by their first and last byte, which every server that sends parts understands; the last bytes of a
/// file, by their number alone, are a wish that some do not.
final class PartReception: Sink {
    private let address: WebAddress
    private let check: (Response) throws(TransferError) -> Void
    private let wanted: Range<Int>
    /// What has arrived.
    private(set) var bytes: [UInt8] = []

    init(_ part: Range<Int>, of address: WebAddress, check: @escaping (Response) throws(TransferError) -> Void) {
        wanted = part
        self.address = address
        self.check = check
    }

    var headers: [String] { ["Range: bytes=\(wanted.lowerBound + bytes.count)-\(wanted.upperBound - 1)"] }

    var isComplete: Bool { bytes.count == wanted.count }

    func begin(_ response: Response) throws(TransferError) {
        if response.status == 200, bytes.isEmpty, wanted == 0..<(response.contentLength ?? -1) {
            // All that there is was asked for.
            return try check(response)
        }
        guard response.status == 206, let sent = response.contentRange else { throw .ignoresRanges(address) }
        try check(response)
        guard sent.start == wanted.lowerBound + bytes.count, sent.end <= wanted.upperBound else {
            throw .failed(address, reason: "the server sent another part than was asked for")
        }
        if sent.end < wanted.upperBound, let total = sent.total, total < wanted.upperBound {
            throw .failed(address, reason: "it has \(total) bytes, and \(wanted.upperBound) are needed")
        }
    }

    func receive(_ new: UnsafeRawBufferPointer) throws(TransferError) {
        guard new.count <= wanted.count - bytes.count else {
            throw .failed(address, reason: "the server sent more than was asked for")
        }
        unsafe bytes.append(contentsOf: new)
    }
}

/// Takes what a server says of a whole file, and nothing of the file.
final class LengthReception: Sink {
    private let address: WebAddress
    /// The file's bytes; nil where the server did not tell.
    private(set) var length: Int?

    init(_ address: WebAddress) { self.address = address }

    func begin(_ response: Response) throws(TransferError) {
        length = response.status == 200 ? response.contentLength : nil
        // The library ends the exchange here; who asks knows.
        throw .cancelled
    }

    func receive(_ new: UnsafeRawBufferPointer) {}
}
