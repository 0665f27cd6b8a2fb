// SPDX-License-Identifier: MIT

/// A length of time as people write it: "90", "90s", "10m", "3h30m", "2d".
public struct TimeSpan: Equatable, Sendable, CustomStringConvertible {
    /// The length.
    public let duration: Duration

    /// Wraps a length of time.
    public init(_ duration: Duration) {
        self.duration = duration
    }

    /// Reads whole numbers, each with a unit: d, h, m or s; a single number without one is seconds.
    public init?(parsing text: String) {
        let units = ["d": 86_400, "h": 3_600, "m": 60, "s": 1]
        var seconds = 0
        var digits = ""
        for character in text.lowercased() {
            if character.isASCII, character.isNumber {
                digits.append(character)
                continue
            }
            guard let unit = units[String(character)], let number = Int(digits), number < 1_000_000 else { return nil }
            seconds += number * unit
            digits = ""
        }
        if !digits.isEmpty {
            guard seconds == 0, let number = Int(digits), number < 1_000_000_000 else { return nil }
            seconds = number
        }
        guard !text.isEmpty else { return nil }
        self.init(.seconds(seconds))
    }

    /// The two largest units.
    public var description: String {
        let seconds = max(0, duration.components.seconds)
        if seconds < 60 { return "\(seconds)s" }
        if seconds < 3600 { return "\(seconds / 60)m\(seconds % 60)s" }
        if seconds < 86_400 { return "\(seconds / 3600)h\(seconds % 3600 / 60)m" }
        return "\(seconds / 86_400)d\(seconds % 86_400 / 3600)h"
    }
}
