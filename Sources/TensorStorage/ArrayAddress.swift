// SPDX-License-Identifier: MIT

internal import HTTPTransfer
internal import SystemPackage

/// An array at an address: only what is read of it is fetched.
struct ArrayAddress: ArrayLocation {
    let address: WebAddress
    let client: WebClient

    var path: FilePath { FilePath("\(address)") }

    /// A server far away answers several requests in the time of one.
    static let requestsAtOnce = 6

    var inFlight: Int { Self.requestsAtOnce }

    func contents(of name: String, limit: Int) throws -> [UInt8] {
        try missingAsSuch(name) { () throws(TransferError) in
            try client.contents(of: address.below(name), limit: limit)
        }
    }

    func open(_ name: String) throws -> any ShardSource {
        RemoteShard(file: RemoteFile(try address.below(name), by: client))
    }

    private func missingAsSuch<Result>(_ name: String, _ body: () throws(TransferError) -> Result) throws -> Result {
        do throws(TransferError) { return try body() } catch { throw described(error, path.appending(name)) }
    }
}

/// A file of chunks on a server.
struct RemoteShard: ShardSource {
    let file: RemoteFile

    var path: FilePath { FilePath("\(file.address)") }

    func byteCount() throws -> Int {
        if let known = file.byteCount { return known }
        // Any part tells the size of the whole.
        do throws(TransferError) { _ = try file.readLast(1) } catch { throw described(error, path) }
        return file.byteCount ?? 0
    }

    func read(offset: Int, count: Int, into bytes: inout [UInt8]) throws {
        if let size = file.byteCount, offset + count > size {
            let reason = ShardError.Reason.truncated(expected: offset + count, actual: size)
            throw ShardError(file: path, chunk: nil, reason: reason)
        }
        do throws(TransferError) {
            bytes = try file.read(offset..<offset + count)
        } catch {
            throw described(error, path)
        }
    }
}

/// An error as a reader of arrays knows it, where a file is not there.
private func described(_ error: TransferError, _ path: FilePath) -> any Error {
    if case .refused(_, 404, _) = error { return ShardError(file: path, chunk: nil, reason: .missingFile) }
    return error
}
