// SPDX-License-Identifier: MIT

import SystemSupport
import Testing

@testable import Downloads

@Suite("Who fetches", .timeLimit(.minutes(120)))
struct ClaimTests {
    private func observation(_ number: Int, growth: Int = 0, isDead: Bool = false) -> ClaimWatch.Observation {
        ClaimWatch.Observation(number: number, draft: "theirs", growth: growth, isDead: isDead)
    }

    private func time(_ seconds: Int) -> BootClock.Instant { BootClock.Instant(sinceStart: .seconds(seconds)) }

    @Test("Whoever sees no claim makes the first")
    func first() {
        var watch = ClaimWatch(patience: .seconds(120))
        #expect(watch.decide(nil, now: time(0)) == .take(1, continuing: nil))
    }

    @Test("One who is gone is followed at once, with its draft")
    func dead() {
        var watch = ClaimWatch(patience: .seconds(120))
        #expect(watch.decide(observation(3, isDead: true), now: time(0)) == .take(4, continuing: "theirs"))
    }

    @Test("One elsewhere whose draft stands still is followed after a while, and its draft is left alone")
    func still() {
        var watch = ClaimWatch(patience: .seconds(120))
        #expect(watch.decide(observation(1, growth: 5), now: time(0)) == .wait)
        #expect(watch.decide(observation(1, growth: 5), now: time(119)) == .wait)
        #expect(watch.decide(observation(1, growth: 5), now: time(120)) == .take(2, continuing: nil))
    }

    @Test("Growth, or another owner, starts the time anew")
    func growing() {
        var watch = ClaimWatch(patience: .seconds(120))
        #expect(watch.decide(observation(1, growth: 5), now: time(0)) == .wait)
        #expect(watch.decide(observation(1, growth: 6), now: time(119)) == .wait)
        #expect(watch.decide(observation(1, growth: 6), now: time(238)) == .wait)
        #expect(watch.decide(observation(2, growth: 6), now: time(239)) == .wait)
        #expect(watch.decide(observation(2, growth: 6), now: time(358)) == .wait)
        #expect(watch.decide(observation(2, growth: 6), now: time(359)) == .take(3, continuing: nil))
    }
}
