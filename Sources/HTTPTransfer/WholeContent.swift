// SPDX-License-Identifier: MIT

/// Takes a small file as a whole.
private final class WholeReception: Sink {
    private let address: WebAddress
    private let limit: Int
    private(set) var bytes: [UInt8] = []

    init(_ address: WebAddress, limit: Int) {
        self.address = address
        self.limit = limit
    }

    func begin(_ response: Response) throws(TransferError) {
        bytes = []
        guard response.status == 200 else { throw .failed(address, reason: "the server sent a part only") }
        guard response.isFramed else { throw .unknownLength(address) }
    }

    func receive(_ new: UnsafeRawBufferPointer) throws(TransferError) {
        guard new.count <= limit - bytes.count else { throw .tooLarge(address, limit: limit) }
        unsafe bytes.append(contentsOf: new)
    }
}

extension WebClient {
    /// The bytes of a small file.
    ///
    /// - Parameters:
    ///   - address: where it is.
    ///   - limit: the most bytes that it may have.
    /// - Throws: `TransferError`; status 404 where there is none.
    /// - Returns: its bytes.
    public func contents(of address: WebAddress, limit: Int) throws(TransferError) -> [UInt8] {
        let sink = WholeReception(address, limit: limit)
        try retrying(byteCount: { sink.bytes.count }) { () throws(TransferError) in
            try exchange(address, headers: [], into: sink)
        }
        return sink.bytes
    }
}
