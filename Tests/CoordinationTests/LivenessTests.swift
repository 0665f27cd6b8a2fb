// SPDX-License-Identifier: MIT

import Coordination
import FoundationEssentials
import JobStorage
import JobStorageTestSupport
import SystemSupport
import Testing

@Suite(.timeLimit(.minutes(120)))
struct LivenessTests {
    let token: Token
    let name: WorkerName
    let start = BootClock().now
    var tracker = LivenessTracker(QueueSettings(run: String(repeating: "0", count: 32)))

    init() throws {
        name = try worker()
        let job = bucket(0, jobs: 1).jobs[0].id
        let running = TokenName(job: job, attempt: .first, standing: .running(name))
        token = Token(campaign: try campaign(), bucket: BucketName(number: 0), name: running)
    }

    private mutating func look(at seconds: Int, sequence: UInt64?, isHealthy: Bool = true, lists: Bool = true) {
        let held = lists ? [Heartbeat.Held(token, progress: Progress(fraction: 0, text: ""))] : []
        let beat = sequence.map { Heartbeat(worker: name, sequence: $0, state: .working, held: held) }
        tracker.observe(
            [token],
            heartbeats: beat.map { [name: $0] } ?? [:],
            isHealthy: isHealthy,
            now: start.advanced(by: .seconds(seconds))
        )
    }

    @Test mutating func `silence is counted from the first look`() {
        look(at: 1000, sequence: 5)
        #expect(tracker.observation(of: token).silence == .zero)
        look(at: 1010, sequence: 5)
        look(at: 1020, sequence: 5)
        #expect(tracker.observation(of: token).silence == .seconds(20))
        look(at: 1030, sequence: 6)
        #expect(tracker.observation(of: token).silence == .zero)
    }

    @Test mutating func `while the observer cannot write and read, nobody is silent`() {
        look(at: 0, sequence: 5)
        look(at: 10, sequence: 5, isHealthy: false)
        look(at: 20, sequence: 5, isHealthy: false)
        look(at: 30, sequence: 5)
        #expect(tracker.observation(of: token).silence == .zero)
        look(at: 40, sequence: 5)
        #expect(tracker.observation(of: token).silence == .seconds(10))
    }

    @Test mutating func `an observer that was suspended has not watched`() {
        look(at: 0, sequence: 5)
        look(at: 100_000, sequence: 5)
        #expect(tracker.observation(of: token).silence == .seconds(30))
    }

    @Test mutating func `a worker that never had a heartbeat is silent, too`() {
        look(at: 0, sequence: nil)
        look(at: 10, sequence: nil)
        #expect(tracker.observation(of: token).silence == .seconds(10))
    }

    @Test mutating func `an attempt is missing while beats come without it, and a torn beat says nothing`() {
        look(at: 0, sequence: 1, lists: false)
        look(at: 10, sequence: 2, lists: false)
        look(at: 20, sequence: nil)
        look(at: 30, sequence: 3, lists: false)
        #expect(tracker.observation(of: token).unlisted == .seconds(20))
        #expect(tracker.observation(of: token).unlistedBeats == 2)
        look(at: 40, sequence: 4)
        #expect(tracker.observation(of: token).unlisted == .zero)
    }

    @Test mutating func `proof of death needs no lease`() {
        look(at: 0, sequence: 1)
        tracker.record(gone: name)
        #expect(tracker.observation(of: token).isOwnerGone)
        look(at: 10, sequence: 1)
        #expect(tracker.observation(of: token).isOwnerGone)
    }
}

/// The JSON of a value with its keys in order.
func sortedJSON(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}
