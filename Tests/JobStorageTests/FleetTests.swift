// SPDX-License-Identifier: MIT

import JobStorage
import JobStorageTestSupport
import SystemSupport
import Testing

@Suite(.timeLimit(.minutes(120)))
struct FleetTests {
    private func beat(_ directory: JobDirectory, _ number: UInt64, _ state: Heartbeat.State, _ sequence: UInt64) throws
    {
        try directory.beat(Heartbeat(worker: worker(number), sequence: sequence, state: state, held: []))
    }

    @Test func `workers that have left do not count, and the others are counted once a minute`() throws {
        let temporary = try TemporaryJobDirectory()
        let directory = temporary.directory
        try beat(directory, 1, .idle, 1)
        try beat(directory, 2, .stopped, 1)
        try beat(directory, 3, .working, 1)
        var fleet = Fleet(directory)
        let start = BootClock().now
        #expect(fleet.size(now: start) == 2)
        try beat(directory, 1, .idle, 2)
        try beat(directory, 3, .stopped, 2)
        #expect(fleet.size(now: start.advanced(by: .seconds(59))) == 2)
        #expect(fleet.size(now: start.advanced(by: .seconds(60))) == 1)
    }

    @Test func `workers that were killed and left a heartbeat behind count no longer than for one look`() throws {
        let temporary = try TemporaryJobDirectory()
        let directory = temporary.directory
        for number in 1...40 { try beat(directory, UInt64(number), .working, 7) }
        var fleet = Fleet(directory)
        let start = BootClock().now
        #expect(fleet.size(now: start) == 40)
        try beat(directory, 40, .working, 8)
        #expect(fleet.size(now: start.advanced(by: .seconds(60))) == 1)
    }
}
