// SPDX-License-Identifier: MIT

internal import Networks

extension PictureObjective {
    /// What to look at where the numbers of a picture overflow.
    var overflowAdvice: String {
        guard case .direction(let factors) = self else { return Self.weightsAdvice }
        guard factors.allSatisfy(\.isFinite) else { return "the direction has numbers that are not finite" }
        let largest = factors.map(\.magnitude).max() ?? 0
        guard largest > Self.harmlessFactor else { return Self.weightsAdvice }
        return "the direction has numbers as large as \(largest); divide all of them by that"
    }

    private static let weightsAdvice = "look for weights of the network that are too large"

    /// Up to here a direction is not what overflows: of a network whose activations stay below a million, a thousand
    /// of them times this, squared as Adam does, fit float32.
    static let harmlessFactor: Float = 1e9
}
