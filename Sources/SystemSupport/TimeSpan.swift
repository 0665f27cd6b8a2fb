// SPDX-License-Identifier: MIT

/// A length of time as people write it: "90", "90s", "10m", "3h30m", "2d", and as Slurm does.
public struct TimeSpan: Equatable, Sendable, CustomStringConvertible {
    /// How lengths of time may be written, for help.
    public static let forms = "as 10m, 3h30m or 7d, or as Slurm writes it: 00:30:00, 1-00:00:00"

    /// The length.
    public let duration: Duration

    /// Wraps a length of time.
    public init(_ duration: Duration) {
        self.duration = duration
    }

    /// Reads whole numbers, each with a unit: d, h, m or s; a single number without one is seconds.
    ///
    /// Times with a colon are read as Slurm writes them: minutes:seconds, hours:minutes:seconds, days-hours,
    /// days-hours:minutes and days-hours:minutes:seconds.
    public init?(parsing text: String) {
        if text.contains(":") || text.contains("-") {
            guard let seconds = Self.seconds(ofBatchTime: text) else { return nil }
            self.init(.seconds(seconds))
            return
        }
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

    private static func seconds(ofBatchTime text: String) -> Int? {
        let halves = text.split(separator: "-", omittingEmptySubsequences: false)
        guard halves.count <= 2, let clock = halves.last else { return nil }
        var numbers: [Int] = []
        for part in clock.split(separator: ":", omittingEmptySubsequences: false) {
            guard (1...6).contains(part.utf8.count), part.utf8.allSatisfy({ (48...57).contains($0) }),
                let number = Int(part)
            else { return nil }
            numbers.append(number)
        }
        guard halves.count == 2 else {
            // Without days the last number is seconds.
            return (2...3).contains(numbers.count) ? numbers.reduce(0) { $0 * 60 + $1 } : nil
        }
        guard (1...6).contains(halves[0].utf8.count), halves[0].utf8.allSatisfy({ (48...57).contains($0) }),
            let days = Int(halves[0]), numbers.count <= 3
        else { return nil }
        // With days the first number is hours.
        let filled = numbers + [Int](repeating: 0, count: 3 - numbers.count)
        return days * 86_400 + filled.reduce(0) { $0 * 60 + $1 }
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
