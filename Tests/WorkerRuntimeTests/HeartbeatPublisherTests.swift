// SPDX-License-Identifier: MIT

import JobStorage
import JobStorageTestSupport
import Logging
import SystemPackage
import SystemSupport
import Testing

@testable import WorkerRuntime

@Suite(.timeLimit(.minutes(120)))
struct HeartbeatPublisherTests {
    @Test func `a worker that is leaving already is not seen to drain for ever`() throws {
        let temporary = try TemporaryJobDirectory()
        let name = WorkerName(try HostIdentity.current(), random: 1)
        let heartbeats = HeartbeatPublisher(temporary.directory, name, logger: Logger(label: "test")) {
            BootClock().now
        }
        heartbeats.drain()
        try heartbeats.beat()
        #expect(temporary.directory.heartbeat(of: name)?.state == .draining)
        heartbeats.end(heartbeats.start {})
        // The signal that asks it to leave may come between its last beat and its end.
        heartbeats.drain()
        try heartbeats.beat()
        #expect(temporary.directory.heartbeat(of: name)?.state == .stopped)
    }

    @Test func `a beat that failed is remembered when the next one succeeds`() throws {
        let temporary = try TemporaryJobDirectory()
        let name = WorkerName(try HostIdentity.current(), random: 1)
        let time = Monitor(BootClock().now)
        let heartbeats = HeartbeatPublisher(temporary.directory, name, logger: Logger(label: "test")) {
            time.withLock { $0 }
        }
        let start = time.withLock { $0 }
        #expect(!heartbeats.isRefused(since: start))
        time.withLock { $0 = $0.advanced(by: .seconds(10)) }
        let files = temporary.directory.fileSystem
        let heartbeat = temporary.directory.root.appending("heartbeats").appending(name.description)
        try files.remove(heartbeat)
        try files.makeDirectory(heartbeat)
        #expect(throws: FileError.self) { try heartbeats.beat() }
        try files.removeDirectory(heartbeat)
        #expect(heartbeats.isRefused(since: start))
        #expect(!heartbeats.isRefused(since: start.advanced(by: .seconds(11))))
    }
}
