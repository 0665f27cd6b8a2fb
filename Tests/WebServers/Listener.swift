// SPDX-License-Identifier: MIT

internal import Glibc
private import SystemSupport

/// Takes connections at a free port of this machine on a thread of its own, as long as this value lives.
final class Listener: Sendable {
    /// The port.
    let port: Int
    private let descriptor: Int32
    private let isOver = Monitor(false)

    /// Starts to listen.
    ///
    /// - Parameter onConnection: is given each connection, one after another, and closes it.
    /// - Throws: where there is no port to listen at.
    init(_ onConnection: @escaping @Sendable (Int32) -> Void) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = loopback(0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = unsafe withUnsafeMutablePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, size) | listen(descriptor, 64) | getsockname(descriptor, $0, &size)
            }
        }
        guard status == 0 else {
            close(descriptor)
            throw Unprepared(what: "a port to listen at")
        }
        self.descriptor = descriptor
        port = Int(UInt16(bigEndian: address.sin_port))
        _ = DedicatedThread(named: "listener") { [isOver] in
            while true {
                let client = accept(descriptor, nil, nil)
                if client >= 0 {
                    _ = fcntl(client, F_SETFD, FD_CLOEXEC)
                    onConnection(client)
                } else if isOver.wait(atMost: .milliseconds(5), for: { $0 ? true : nil }) != nil {
                    // Closed by this thread alone, for its number may at once be another socket's.
                    close(descriptor)
                    return
                }
            }
        }
    }

    deinit {
        isOver.withLock { $0 = true }
        shutdown(descriptor, Int32(SHUT_RDWR))
    }
}
