// SPDX-License-Identifier: MIT

import JobStorage
import JobStorageTestSupport
import Logging
import SystemSupport
import Testing

@testable import WorkerRuntime

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
}
