// SPDX-License-Identifier: MIT

import JobKinds
import Testing

@Suite(.timeLimit(.minutes(120)))
struct SelfTestTests {
    @Test func `a sound machine passes its own test`() {
        #expect(throws: Never.self) { try SelfTest.run() }
    }
}
