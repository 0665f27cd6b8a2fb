// SPDX-License-Identifier: MIT

import Testing

@testable import Coordination

@Suite(.timeLimit(.minutes(120)))
struct RhythmTests {
    @Test func `a coordinator rests longer where looking takes long, but workers never wait for it for long`() {
        let short = Duration.milliseconds(200)
        #expect(CoordinationLoop.pause(after: .milliseconds(1), rhythm: short) == short)
        #expect(CoordinationLoop.pause(after: .milliseconds(50), rhythm: short) == .seconds(1))
        #expect(CoordinationLoop.pause(after: .seconds(60), rhythm: short) == .seconds(2))
        #expect(CoordinationLoop.pause(after: .seconds(60), rhythm: .seconds(5)) == .seconds(5))
    }
}
