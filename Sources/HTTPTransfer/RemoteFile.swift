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

    /// How many bytes it has, once a server told.
    public var byteCount: Int? { known.withLock { $0?.total } }

    /// Finds out how many bytes it has, by asking for the first one: the answer tells the whole as well.
    ///
    /// - Throws: `TransferError`; `.unknownLength` where the server tells in no way.
    public func measure() throws(TransferError) -> Int {
        if let byteCount { return byteCount }
        do throws(TransferError) {
            _ = try read(0..<1)
        } catch .refused(_, status: 416, _) {
            // Nothing has no first byte.
            return 0
        } catch .ignoresRanges(let address) {
            // Neither is there a part of nothing.
            guard try wholeLength() == 0 else { throw .ignoresRanges(address) }
            return 0
        }
        if let byteCount { return byteCount }
        guard let length = try wholeLength() else { throw .unknownLength(address) }
        known.withLock { $0?.total = length }
        return length
    }

    /// What the server says of the whole file's size, of which nothing is taken; nil where it does not tell.
    private func wholeLength() throws(TransferError) -> Int? {
        let sink = LengthReception(address)
        try client.retrying(byteCount: { 0 }) { () throws(TransferError) in
            do throws(TransferError) { try client.exchange(address, headers: [], into: sink) } catch .cancelled {
                if client.isCancelled() { throw .cancelled }
            }
        }
        return sink.length
    }

    /// Reads the last bytes, or all where it has fewer.
    public func readLast(_ count: Int) throws(TransferError) -> [UInt8] {
        let size = try measure()
        return try read(max(0, size - count)..<size)
    }

    /// Reads a part.
    public func read(_ range: Range<Int>) throws(TransferError) -> [UInt8] {
        if range.isEmpty { return [] }
        let sink = PartReception(range, of: address) { [self] response throws(TransferError) in
            let record = DraftRecord(address, response, boot: "")
            let isSame = known.withLock { known in
                guard known?.agrees(with: response) ?? true else { return false }
                known = known ?? record
                if known?.total == nil { known?.total = record.total }
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
}
