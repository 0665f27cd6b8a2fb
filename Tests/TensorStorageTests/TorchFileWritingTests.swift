// SPDX-License-Identifier: MIT

import Testing

@testable import TensorStorage

@Suite("Writing PyTorch files", .timeLimit(.minutes(120)))
struct TorchFileWritingTests {
    private static let tensors = [
        StoredTensor("a.weight", shape: [2, 1, 3], [1, -0.0, .infinity, 0.1, .leastNonzeroMagnitude, -7] as [Float]),
        StoredTensor("a.count", shape: [], [Int64(0)]),
        StoredTensor("empty", shape: [0, 4], [] as [Float]),
        StoredTensor("long", shape: [70_000], [Float](repeating: 0.5, count: 70_000)),
        StoredTensor("half", shape: [2], .float16, bytes: [0, 0x3C, 0, 0xC0]),
        StoredTensor("brain", shape: [2], .bfloat16, bytes: [0x80, 0x3F, 0, 0xC0]),
        StoredTensor("double", shape: [1], .float64, bytes: littleEndian(1.5.bitPattern)),
    ]

    @Test("What is written is read again, to the last bit")
    func roundTrips() throws {
        let file = try encodeTorchFile(Self.tensors)
        let read = try readTensors(file)
        #expect(read.count == Self.tensors.count)
        for tensor in Self.tensors {
            let found = try #require(read[tensor.name])
            #expect(found.shape == tensor.shape && found.elementType == tensor.elementType, "\(tensor.name)")
            #expect(found.values.map(\.bitPattern) == tensor.elementType.floats(tensor.bytes).map(\.bitPattern))
        }
        #expect(try encodeTorchFile(Self.tensors) == file)
    }

    @Test("Safetensors hold the same tensors")
    func agreesWithSafetensors() throws {
        let other = try readTensors(encodeSafetensors(Self.tensors, metadata: ["format": "pt"]))
        #expect(try readTensors(encodeTorchFile(Self.tensors)) == other)
    }

    @Test("Records are stored as they are, each at a multiple of 64 bytes")
    func alignsRecords() throws {
        let file = try encodeTorchFile(Self.tensors)
        var position = 0
        var names: [String] = []
        func number(_ offset: Int, _ count: Int) -> Int {
            (0..<count).reduce(0) { $0 | Int(file[position + offset + $1]) << ($1 * 8) }
        }
        while file[position...].starts(with: [0x50, 0x4B, 3, 4]) {
            let (nameLength, extraLength) = (number(26, 2), number(28, 2))
            names.append(String(decoding: file[(position + 30)..<(position + 30 + nameLength)], as: UTF8.self))
            let start = position + 30 + nameLength + extraLength
            #expect(start.isMultiple(of: 64), "\(names)")
            #expect(number(6, 2) == 0 && number(8, 2) == 0, "neither encrypted, nor described later, nor compressed")
            #expect(number(18, 4) == number(22, 4))
            position = start + number(22, 4)
        }
        let records = (0..<Self.tensors.count).map { "weights/data/\($0)" }
        #expect(names == ["weights/data.pkl", "weights/byteorder"] + records + ["weights/version"])
    }
}
