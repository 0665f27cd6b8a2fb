// SPDX-License-Identifier: MIT

import JobStorage
import JobStorageTestSupport
import Logging
import SystemPackage
import SystemSupport
import Testing

@testable import WorkerRuntime

@Suite(.timeLimit(.minutes(120)))
struct PulseTests {
    @Test func `a worker that is leaving already is not seen to drain for ever`() throws {
        let temporary = try TemporaryJobDirectory()
        let name = WorkerName(try HostIdentity.current(), random: 1)
        let pulse = Pulse(temporary.directory, name, logger: Logger(label: "test")) { BootClock().now }
        pulse.drain()
        try pulse.beat()
        #expect(temporary.directory.heartbeat(of: name)?.state == .draining)
        pulse.end(pulse.start {})
        // The signal that asks it to leave may come between its last beat and its end.
        pulse.drain()
        try pulse.beat()
        #expect(temporary.directory.heartbeat(of: name)?.state == .stopped)
    }

    @Test func `a beat that failed is remembered when the next one succeeds`() throws {
        let temporary = try TemporaryJobDirectory()
        let name = WorkerName(try HostIdentity.current(), random: 1)
        let time = Monitor(BootClock().now)
        let pulse = Pulse(temporary.directory, name, logger: Logger(label: "test")) { time.withLock { $0 } }
        let start = time.withLock { $0 }
        #expect(!pulse.isRefused(since: start))
        time.withLock { $0 = $0.advanced(by: .seconds(10)) }
        let files = temporary.directory.fileSystem
        let heartbeat = temporary.directory.root.appending("heartbeats").appending(name.description)
        try files.remove(heartbeat)
        try files.makeDirectory(heartbeat)
        #expect(throws: FileError.self) { try pulse.beat() }
        try files.removeDirectory(heartbeat)
        #expect(pulse.isRefused(since: start))
        #expect(!pulse.isRefused(since: start.advanced(by: .seconds(11))))
    }
}
