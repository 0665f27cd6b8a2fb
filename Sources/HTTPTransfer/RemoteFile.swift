// SPDX-License-Identifier: MIT

private import Synchronization
private import SystemSupport

/// A file on a server, of which parts are read; all of them are parts of one state of the file.
///
/// Any number of threads may share one.
public final class RemoteFile: Sendable {
    /// Where it is.
    public let address: WebAddress
    private let client: WebClient
    private let known = Monitor<DraftRecord?>(nil)

    /// Names a file; nothing is asked yet.
    public init(_ address: WebAddress, by client: WebClient) {
        self.address = address
        self.client = client
    }

    /// How many bytes it has, once a part was read.
    public var byteCount: Int? { known.withLock { $0?.total } }

    /// Reads a part.
    public func read(_ range: Range<Int>) throws(TransferError) -> [UInt8] {
        if range.isEmpty { return [] }
        return try read(.part(range))
    }

    /// Reads the last bytes, or all where it has fewer.
    public func readLast(_ count: Int) throws(TransferError) -> [UInt8] {
        try read(.last(count))
    }

    /// Reads several parts, some of them at the same time.
    ///
    /// - Parameters:
    ///   - ranges: the parts.
    ///   - inFlight: how many are asked for at once.
    /// - Throws: `TransferError`, the first in the order of the parts.
    /// - Returns: the parts, in their order.
    public func read(_ ranges: [Range<Int>], inFlight: Int) throws -> [[UInt8]] {
        let parts = Monitor([[UInt8]](repeating: [], count: ranges.count))
        let next = Atomic(0)
        try onThreads(min(inFlight, ranges.count), named: "fetch") { [self] _ in
            while true {
                let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard number < ranges.count else { return }
                let part = try read(ranges[number])
                parts.withLock { $0[number] = part }
            }
        }
        return parts.withLock { $0 }
    }

    private func read(_ part: PartReception.Part) throws(TransferError) -> [UInt8] {
        let sink = PartReception(part, of: address) { [self] response throws(TransferError) in
            let record = DraftRecord(address, response, boot: "")
            let isSame = known.withLock { known in
                guard known?.agrees(with: response) ?? true else { return false }
                known = known ?? record
                return true
            }
            guard isSame else { throw .changed(address) }
        }
        try client.retrying(byteCount: { sink.bytes.count }) { () throws(TransferError) in
            do throws(TransferError) {
                try client.exchange(address, headers: sink.headers, into: sink)
            } catch .changed(let address) {
                // Another try would mix two states.
                throw .failed(address, reason: "it was changed while it was read")
            }
            guard sink.isComplete else { throw .interrupted(address, reason: "the server sent less than it said") }
        }
        return sink.bytes
    }
}
