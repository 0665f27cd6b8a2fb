// SPDX-License-Identifier: MIT

import SystemSupport
import Testing

@Suite(.timeLimit(.minutes(120)))
struct RhythmTests {
    @Test func `the first turn comes at once, and each other a span after the one before`() {
        let start = BootClock().now
        func after(_ seconds: Int) -> BootClock.Instant { start.advanced(by: .seconds(seconds)) }
        var rhythm = Rhythm(every: .seconds(60))
        #expect(!rhythm.hasBegun && rhythm.isDue(at: start))
        var turns: [Int] = []
        for second in [0, 1, 59, 60, 61, 300, 301, 359, 360] where rhythm.takeTurn(at: after(second)) {
            turns.append(second)
        }
        #expect(turns == [0, 60, 300, 360])
        #expect(rhythm.hasBegun && !rhythm.isDue(at: after(419)) && rhythm.isDue(at: after(420)))
    }
}
