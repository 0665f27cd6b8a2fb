// SPDX-License-Identifier: MIT

internal import Glibc
private import SystemSupport

/// A server that answers with whatever bytes a test wants, right or wrong, one request a connection.
public final class RawServer: Sendable {
    /// What a client asked for.
    public struct Request: Sendable {
        /// Which request it is, from 0.
        public let number: Int
        /// The path.
        public let path: String
        /// The lines of the head by their names in lower case.
        public let fields: [String: String]

        /// The same request without a line of its head, for servers that do not understand it.
        public func ignoring(_ field: String) -> Request {
            var left = fields
            left[field] = nil
            return Request(number: number, path: path, fields: left)
        }

        /// The first byte that is asked for; 0 where all are.
        public var start: Int {
            guard let range = fields["range"], range.hasPrefix("bytes="), !range.hasPrefix("bytes=-") else { return 0 }
            return Int(range.dropFirst(6).prefix { $0 != "-" }) ?? 0
        }

        /// The byte after the last that is asked for, where one is named.
        public var end: Int? {
            guard let range = fields["range"], let dash = range.lastIndex(of: "-") else { return nil }
            return Int(range[range.index(after: dash)...]).map { $0 + 1 }
        }
    }

    /// What is sent.
    public struct Answer: Sendable {
        /// The head and the body.
        public var bytes: [UInt8]
        /// Whether the connection is reset after the bytes instead of being closed.
        public var resets = false
        /// Whether the connection stays open and silent after the bytes, until the client goes.
        public var stalls = false

        /// Sends a head, whose lines end with a line feed here, and bytes as they are.
        public init(_ head: String, _ body: some Sequence<UInt8> = []) {
            let lines = head.split(separator: "\n")
            bytes = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
        }
    }

    /// The port.
    public var port: Int { listener.port }
    private let listener: Listener
    private let seen: Monitor<[Request]>

    /// Starts to answer.
    public init(_ answer: @escaping @Sendable (Request) -> Answer) throws {
        let seen = Monitor<[Request]>([])
        self.seen = seen
        listener = try Listener { client in
            let number = seen.withLock { $0.count }
            guard let request = Self.read(client, number) else {
                close(client)
                return
            }
            seen.withLock { $0.append(request) }
            let answer = answer(request)
            // One that is silent must not keep others waiting.
            _ = DedicatedThread(named: "raw answer") { Self.send(answer, to: client) }
        }
    }

    /// An answer that sends to another address.
    public static func redirect(to target: String, status: Int = 302) -> Answer {
        Answer("HTTP/1.1 \(status) Found\nLocation: \(target)\nContent-Length: 0\nConnection: close")
    }

    /// What was asked so far.
    public var requests: [Request] { seen.withLock { $0 } }

    /// An address at this server.
    public func address(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

    private static func read(_ client: Int32, _ number: Int) -> Request? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !bytes.contains([13, 10, 13, 10]) {
            let count = unsafe recv(client, &buffer, buffer.count, 0)
            if count <= 0 { return nil }
            bytes += buffer[..<count]
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n").map(String.init)
        let fields = lines.dropFirst().compactMap { line -> (String, String)? in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            return (line[..<colon].lowercased(), String(line[line.index(after: colon)...].drop { $0 == " " }))
        }
        let words = lines.first?.split(separator: " ").map(String.init) ?? []
        guard words.count == 3 else { return nil }
        return Request(number: number, path: words[1], fields: Dictionary(fields) { $1 })
    }

    private static func send(_ answer: Answer, to client: Int32) {
        var sent = 0
        while sent < answer.bytes.count {
            let count = unsafe answer.bytes.withUnsafeBytes { bytes in
                unsafe Glibc.send(
                    client,
                    bytes.baseAddress.map { unsafe $0 + sent },
                    bytes.count - sent,
                    Int32(MSG_NOSIGNAL)
                )
            }
            if count <= 0 { break }
            sent += count
        }
        if answer.stalls {
            var byte: UInt8 = 0
            while unsafe recv(client, &byte, 1, 0) > 0 {}
        }
        if answer.resets {
            var option = linger(l_onoff: 1, l_linger: 0)
            unsafe setsockopt(client, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        } else {
            shutdown(client, Int32(SHUT_WR))
            var byte: UInt8 = 0
            while unsafe recv(client, &byte, 1, 0) > 0 {}
        }
        close(client)
    }
}
