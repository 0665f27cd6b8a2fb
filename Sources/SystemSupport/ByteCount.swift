// SPDX-License-Identifier: MIT

/// A number of bytes as people write it: "512MiB", "1GiB", "200GB", "4096".
public struct ByteCount: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number of bytes.
    public let bytes: Int

    /// Wraps a number of bytes.
    public init(_ bytes: Int) {
        self.bytes = bytes
    }

    /// Reads a whole or decimal number and a unit: B, kB, MB, GB, TB, KiB, MiB, GiB, TiB, or K, M, G, T as powers of 1024.
    public init?(parsing text: String) {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit = text.dropFirst(number.count).drop { $0 == " " }.lowercased()
        let units: [String: Double] = [
            "": 1, "b": 1,
            "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
            "k": 1024, "m": 1_048_576, "g": 1_073_741_824, "t": 1_099_511_627_776,
            "kib": 1024, "mib": 1_048_576, "gib": 1_073_741_824, "tib": 1_099_511_627_776,
        ]
        guard let value = Double(number), let scale = units[unit], value * scale < 9e18 else { return nil }
        self.init(Int(value * scale))
    }

    /// Three significant digits and a binary unit.
    public var description: String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
        var value = Double(bytes)
        var unit = 0
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        if unit == 0 { return "\(bytes) B" }
        let decimals = value < 10 ? 100.0 : value < 100 ? 10.0 : 1.0
        let rounded = (value * decimals).rounded() / decimals
        return decimals == 1 ? "\(Int(rounded)) \(units[unit])" : "\(rounded) \(units[unit])"
    }

    /// What to write after an option so that at least as much is given.
    public var argument: String { "\((bytes >> 20) + (bytes.isMultiple(of: 1 << 20) ? 0 : 1))MiB" }

    /// Orders counts by size.
    public static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }
}
