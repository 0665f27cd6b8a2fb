// SPDX-License-Identifier: MIT

import Testing

@testable import TensorStorage

@Suite("Damaged weight files", .timeLimit(.minutes(120)))
struct FuzzTests {
    private static let files = [
        "state.pt", "wrapped.pt", "parameters_prefixed.pt", "state.legacy.pt", "state.safetensors",
    ]

    /// What no reading of these files, of a few kilobytes each, may need.
    private static let memoryLimit = 16 << 20

    /// In how many ways each file is changed.
    private static let changes = 2000

    @Test("A file cut anywhere or changed at random is read or refused, with little memory", arguments: files)
    func survivesDamage(file: String) async throws {
        let bytes = try resource(file)
        let cut = (0..<200).map { Array(bytes.prefix(bytes.count * $0 / 200)) }
        var damage = Damage(seed: 20_260_101)
        let result = try await readApart(cut + (0..<Self.changes).map { _ in damage.done(to: bytes) })
        #expect(result.isRefused.prefix(cut.count).allSatisfy { $0 }, "\(result.isRefused.prefix(cut.count))")
        #expect(result.growth < Self.memoryLimit)
    }

    @Test(
        "Neither does a changed pickle in a sound archive do harm, whose checksums hide nothing",
        arguments: ["state.pt", "wrapped.pt", "parameters_prefixed.pt"]
    )
    func survivesDamagedPickles(file: String) async throws {
        let bytes = try resource(file)
        let archive = try ZipArchive(bytes)
        let records = try archive.names.map { name in
            (name: name, contents: try archive.contents(of: name, limit: bytes.count))
        }
        let pickle = try #require(records.firstIndex { $0.name.hasSuffix("data.pkl") })
        var damage = Damage(seed: 20_260_102)
        let files = try (0..<Self.changes).map { _ in
            var damaged = records
            damaged[pickle].contents = damage.done(to: records[pickle].contents)
            return try encodeZip(damaged, alignment: 64)
        }
        let result = try await readApart(files)
        #expect(result.growth < Self.memoryLimit)
        #expect(result.isRefused.contains(true) && result.isRefused.contains(false), "the changes reach the reader")
    }
}

/// Random changes of bytes, the same ones for the same seed.
private struct Damage {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// A copy with one to four changes.
    mutating func done(to bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0...number(below: 4) {
            let place = number(below: bytes.count)
            let length = min(number(below: 9), bytes.count - place)
            switch number(below: 6) {
            case 0: bytes[place] ^= UInt8(1 << number(below: 8))
            case 1: bytes[place] = [0, 1, 0x7F, 0x80, 0xFF, UInt8(number(below: 256))][number(below: 6)]
            case 2: bytes.removeSubrange(place..<(place + length))
            case 3: bytes.insert(contentsOf: (0..<length).map { _ in UInt8(number(below: 256)) }, at: place)
            case 4: bytes.insert(contentsOf: bytes[place..<(place + length)], at: number(below: bytes.count))
            default:
                // A size of many bytes becomes as large as can be.
                bytes.replaceSubrange(place..<(place + length), with: repeatElement(0xFF, count: length))
            }
            if bytes.isEmpty { return [0] }
        }
        return bytes
    }

    private mutating func number(below limit: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state % UInt64(limit))
    }
}
