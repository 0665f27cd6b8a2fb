// SPDX-License-Identifier: MIT

import JobStorage
import JobStorageTestSupport
import SystemSupport
import Testing

struct FleetTests {
    @Test func `workers that have left do not count, and the others are counted once a minute`() throws {
        let temporary = try TemporaryJobDirectory()
        let directory = temporary.directory
        func beat(_ number: UInt64, _ state: Heartbeat.State) throws {
            try directory.beat(Heartbeat(worker: worker(number), sequence: 1, state: state, held: []))
        }
        try beat(1, .idle)
        try beat(2, .stopped)
        try beat(3, .working)
        var fleet = Fleet(directory)
        let start = BootClock().now
        #expect(fleet.size(now: start) == 2)
        try beat(3, .stopped)
        #expect(fleet.size(now: start.advanced(by: .seconds(59))) == 2)
        #expect(fleet.size(now: start.advanced(by: .seconds(60))) == 1)
    }
}
