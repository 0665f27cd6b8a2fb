// SPDX-License-Identifier: MIT

import SystemSupport
import Testing

@Suite(.timeLimit(.minutes(120)))
struct SeldomWordTests {
    @Test func `what goes on failing is said at once, then ever more seldom, and its end once`() {
        var word = SeldomWord()
        let start = BootClock().now
        let said = (0..<86_400).filter { word.isDue(at: start.advanced(by: .seconds($0))) }
        #expect(said.prefix(5) == [0, 10, 30, 70, 150])
        #expect(zip(said.dropFirst(), said).allSatisfy { $0 - $1 <= 600 })
        #expect(said.count < 160)
        let (isOver, isOverAgain) = (word.end(), word.end())
        #expect(isOver && !isOverAgain)
        let isSaidAnew = word.isDue(at: start)
        #expect(isSaidAnew)
    }
}
