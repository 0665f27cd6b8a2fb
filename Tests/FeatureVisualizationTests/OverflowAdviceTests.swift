// SPDX-License-Identifier: MIT

import Networks
import Testing

@testable import FeatureVisualization

@Suite("What is said of a picture whose numbers overflow", .timeLimit(.minutes(120)))
struct OverflowAdviceTests {
    @Test("It is the network's weights, unless a direction is too large or not finite")
    func advice() {
        for wish in [PictureObjective.neuron(3), .negative(3), .direction([0, -2, 1000]), .direction([])] {
            #expect(wish.overflowAdvice.contains("weights of the network"))
        }
        #expect(
            PictureObjective.direction([1, -1e30]).overflowAdvice.contains(
                "the direction has numbers as large as 1e+30"
            )
        )
        for factors: [Float] in [[1, .infinity], [.nan, 1]] {
            let advice = PictureObjective.direction(factors).overflowAdvice
            #expect(advice.contains("the direction has numbers that are not finite"))
        }
    }
}
