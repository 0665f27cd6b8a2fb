// SPDX-License-Identifier: MIT

/// Takes a part of a file; after a break it asks for what is missing of it.
final class PartReception: Sink {
    /// Which part.
    enum Part {
        case part(Range<Int>)
        /// So many bytes at the end.
        case last(Int)
    }

    private let address: WebAddress
    private let check: (Response) throws(TransferError) -> Void
    private var wanted: Part
    /// What has arrived.
    private(set) var bytes: [UInt8] = []

    init(_ part: Part, of address: WebAddress, check: @escaping (Response) throws(TransferError) -> Void) {
        wanted = part
        self.address = address
        self.check = check
    }

    var headers: [String] {
        switch wanted {
        case .part(let range): ["Range: bytes=\(range.lowerBound + bytes.count)-\(range.upperBound - 1)"]
        case .last(let count): ["Range: bytes=-\(count)"]
        }
    }

    var isComplete: Bool {
        if case .part(let range) = wanted { bytes.count == range.count } else { false }
    }

    func begin(_ response: Response) throws(TransferError) {
        guard response.status == 206, let sent = response.contentRange else { throw .ignoresRanges(address) }
        try check(response)
        switch wanted {
        case .part(let range):
            guard sent.start == range.lowerBound + bytes.count, sent.end <= range.upperBound else {
                throw .failed(address, reason: "the server sent another part than was asked for")
            }
            if sent.end < range.upperBound, let total = sent.total, total < range.upperBound {
                throw .failed(address, reason: "it has \(total) bytes, and \(range.upperBound) are needed")
            }
        case .last(let count):
            guard let total = sent.total, sent.end == total, sent.end - sent.start == min(count, total) else {
                throw .failed(address, reason: "the server sent another part than was asked for")
            }
            // From now on it is a part like any other.
            wanted = .part(sent.start..<sent.end)
            bytes.reserveCapacity(min(count, 1 << 20))
        }
    }

    func take(_ new: UnsafeRawBufferPointer) throws(TransferError) {
        guard case .part(let range) = wanted, new.count <= range.count - bytes.count else {
            throw .failed(address, reason: "the server sent more than was asked for")
        }
        unsafe bytes.append(contentsOf: new)
    }
}
