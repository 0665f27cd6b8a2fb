// SPDX-License-Identifier: MIT

internal import HTTPTransfer

/// An array at an address: only what is read of it is fetched.
struct RemoteArrayFolder: ArrayLocation {
    let address: WebAddress
    let client: WebClient

    var place: String { "\(address)" }

    func fullName(of name: String) -> String { (try? address.below(name)).map { "\($0)" } ?? place }

    /// A server far away answers several requests in the time of one.
    static let requestsAtOnce = 6

    var inFlight: Int { Self.requestsAtOnce }

    func contents(of name: String, limit: Int) throws -> [UInt8] {
        do throws(TransferError) {
            return try client.contents(of: address.below(name), limit: limit)
        } catch {
            throw described(error, fullName(of: name))
        }
    }

    func open(_ name: String) throws -> any ShardSource {
        RemoteShard(file: RemoteFile(try address.below(name), by: client))
    }
}

/// A file of chunks on a server.
struct RemoteShard: ShardSource {
    let file: RemoteFile

    var place: String { "\(file.address)" }

    func byteCount() throws -> Int {
        do throws(TransferError) { return try file.measure() } catch { throw described(error, place) }
    }

    func read(offset: Int, count: Int, into bytes: inout [UInt8]) throws {
        if let size = file.byteCount, offset + count > size {
            let reason = ShardError.Reason.truncated(expected: offset + count, actual: size)
            throw ShardError(file: place, chunk: nil, reason: reason)
        }
        do throws(TransferError) {
            bytes = try file.read(offset..<offset + count)
        } catch {
            throw described(error, place)
        }
    }
}

/// An error as a reader of arrays knows it, where a file is not there.
private func described(_ error: TransferError, _ place: String) -> any Error {
    if case .refused(_, 404, _) = error { return ShardError(file: place, chunk: nil, reason: .missingFile) }
    return error
}
