// SPDX-License-Identifier: MIT

import JobStorage
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

@testable import Coordination

@Suite(.timeLimit(.minutes(120)))
struct ProofTests {
    @Test func `a process that was killed is gone, also while its parent has not noticed`() throws {
        let observer = try HostIdentity.current()
        let process = try SleepingProcess()
        #expect(!process.identity.isProvablyDead(seenFrom: observer))
        process.killUnnoticed()
        #expect(process.identity.isProvablyDead(seenFrom: observer))
        process.kill()
        #expect(process.identity.isProvablyDead(seenFrom: observer))
    }
}

@Suite(.timeLimit(.minutes(120)))
struct ScratchTests {
    @Test func `folders of processes that are gone beyond doubt are removed, and no others`() throws {
        let temporary = try TemporaryJobDirectory()
        let directory = temporary.directory
        let own = try HostIdentity.current()
        let other = try elsewhere()
        let process = try SleepingProcess()
        let killed = process.identity
        func register(_ identity: HostIdentity, _ number: UInt64) throws -> WorkerName {
            let name = WorkerName(identity, random: number)
            try directory.register(WorkerRegistration(worker: name, identity: identity, versions: [:]))
            return name
        }
        func left() throws -> Set<String> {
            Set(try directory.fileSystem.names(in: directory.root.appending("scratch")))
        }
        let stopped = try register(other, 1)
        try directory.beat(Heartbeat(worker: stopped, sequence: 1, state: .stopped, held: []))
        let gone = try [register(killed, 2), directory.makeScratch(for: killed)]
        let unnamed = WorkerName(killed, random: 4)
        try directory.fileSystem.makeDirectories(directory.scratch(of: unnamed))
        let kept = try [
            register(own, 5), directory.makeScratch(for: own), register(other, 7), directory.makeScratch(for: other),
            unnamed,
        ]
        let keptNames = Set(kept.map(\.description))

        var cleaner = ScratchCleaner(directory, observer: own, logger: quiet)
        let start = BootClock().now
        cleaner.clean(now: start)
        #expect(try left() == keptNames.union(gone.map(\.description)))
        process.kill()
        cleaner.clean(now: start.advanced(by: .seconds(59)))
        #expect(try left() == keptNames.union(gone.map(\.description)))
        cleaner.clean(now: start.advanced(by: .seconds(60)))
        #expect(try left() == keptNames)
    }
}
