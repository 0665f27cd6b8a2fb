// SPDX-License-Identifier: MIT

internal import Glibc
private import SystemSupport

/// Passes connections on to a server on this machine, whatever they carry, and breaks them after so many bytes.
public final class CuttingProxy: Sendable {
    /// The port.
    public var port: Int { listener.port }
    private let listener: Listener
    private let cuts: Monitor<Int>

    /// Starts to pass on.
    ///
    /// - Parameters:
    ///   - target: the server's port.
    ///   - limit: how many bytes of the server's a connection carries, by its number from 0; nil for any number.
    /// - Throws: where there is no port to listen at.
    public init(to target: Int, limit: @escaping @Sendable (_ connection: Int) -> Int?) throws {
        let (cuts, connections) = (Monitor(0), Monitor(0))
        self.cuts = cuts
        listener = try Listener { client in
            let number = connections.withLock { count in
                defer { count += 1 }
                return count
            }
            let most = limit(number)
            _ = DedicatedThread(named: "proxied") {
                guard let server = connected(to: target) else {
                    close(client)
                    return
                }
                let outward = DedicatedThread(named: "outward") {
                    _ = pass(from: client, to: server, most: nil)
                    // The server would keep the connection for long.
                    shutdown(server, Int32(SHUT_WR))
                }
                if pass(from: server, to: client, most: most) { cuts.withLock { $0 += 1 } }
                shutdown(client, Int32(SHUT_RDWR))
                shutdown(server, Int32(SHUT_RDWR))
                try? outward.join()
                close(client)
                close(server)
            }
        }
    }

    /// How many connections were broken so far.
    public var cutCount: Int { cuts.withLock { $0 } }
}

/// Passes bytes on until one side ends; true where it ended because there were as many as may be.
private func pass(from source: Int32, to target: Int32, most: Int?) -> Bool {
    var buffer = [UInt8](repeating: 0, count: 4096)
    var left = most ?? .max
    while left > 0 {
        let count = unsafe recv(source, &buffer, min(buffer.count, left), 0)
        if count <= 0 { break }
        var sent = 0
        while sent < count {
            let step = unsafe buffer.withUnsafeBytes { bytes in
                unsafe send(target, bytes.baseAddress.map { unsafe $0 + sent }, count - sent, Int32(MSG_NOSIGNAL))
            }
            if step <= 0 { return false }
            sent += step
        }
        left -= count
    }
    return left == 0
}
