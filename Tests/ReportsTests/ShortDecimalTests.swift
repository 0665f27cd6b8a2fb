// SPDX-License-Identifier: MIT

import Glibc
import Testing

@testable import Reports

@Suite("Short decimal numbers", .timeLimit(.minutes(120)))
struct ShortDecimalTests {
    private func text(_ number: Double, digits: Int = 7) -> String {
        var json = JSONBytes()
        json.rounded(number, digits: digits)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    @Test(
        "A number is written as a person would, without trailing zeros",
        arguments: [
            (0.0, "0"), (1, "1"), (-1, "-1"), (10, "10"), (0.5, "0.5"), (123.456, "123.456"), (1_234_567.8, "1234568"),
            (9_999_999.7, "1e7"), (0.99999999, "1"), (99.999999, "100"), (0.1, "0.1"), (0.001, "0.001"),
            (0.000123456789, "0.0001234568"), (0.0000123456789, "1.234568e-5"), (1e22, "1e22"), (-2.5e-9, "-2.5e-9"),
            (1.0 / 3, "0.3333333"), (2e6, "2000000"),
        ] as [(Double, String)]
    )
    func known(number: Double, expected: String) {
        #expect(text(number) == expected)
    }

    @Test("What is not finite is null", arguments: [Double.nan, .infinity, -.infinity])
    func undefined(number: Double) {
        #expect(text(number) == "null")
    }

    @Test("Any number is read back as the C library rounds it", arguments: [1, 3, 4, 7])
    func agreesWithTheCLibrary(digits: Int) throws {
        var state: UInt64 = 88_172_645_463_325_252
        for _ in 0..<20_000 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            // Every size that a double can have, most of them far from one.
            let number = Double(bitPattern: state)
            guard number.isFinite else { continue }
            let near = number.significand * exp2(Double(state % 80) - 40)
            for value in [number, near] {
                let written = text(value, digits: digits)
                try #require(Double(written) == Double(significant(value, digits)), "\(value) became \(written)")
            }
        }
    }
}
