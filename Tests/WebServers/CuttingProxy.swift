// SPDX-License-Identifier: MIT

internal import Glibc
private import Synchronization
private import SystemSupport

/// Passes connections on to a server on this machine, whatever they carry, and breaks them after so many bytes.
public final class CuttingProxy: Sendable {
    /// The port.
    public let port: Int
    private let descriptor: Int32
    private let cut = Atomic(0)

    /// Starts to pass on.
    ///
    /// - Parameters:
    ///   - target: the server's port.
    ///   - limit: how many bytes of the server's a connection carries, by its number from 0; nil for any number.
    /// - Throws: where there is no port to listen at.
    public init(to target: Int, limit: @escaping @Sendable (_ connection: Int) -> Int?) throws {
        (descriptor, port) = try listening()
        _ = DedicatedThread(named: "proxy") { [descriptor, weak self] in
            var number = 0
            while true {
                let client = accept(descriptor, nil, nil)
                if client < 0 { return }
                let most = limit(number)
                number += 1
                _ = DedicatedThread(named: "proxied") {
                    guard let server = connected(to: target) else {
                        close(client)
                        return
                    }
                    let outward = DedicatedThread(named: "outward") { _ = pass(from: client, to: server, most: nil) }
                    if pass(from: server, to: client, most: most) { self?.cut.wrappingAdd(1, ordering: .relaxed) }
                    shutdown(client, Int32(SHUT_RDWR))
                    shutdown(server, Int32(SHUT_RDWR))
                    try? outward.join()
                    close(client)
                    close(server)
                }
            }
        }
    }

    deinit {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }

    /// How many connections were broken so far.
    public var cutCount: Int { cut.load(ordering: .relaxed) }
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
