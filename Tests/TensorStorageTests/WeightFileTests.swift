// SPDX-License-Identifier: MIT

import FoundationEssentials
import SystemPackage
import TensorStorage
import Testing

@Suite("Weight files", .timeLimit(.minutes(120)))
struct WeightFileTests {
    private static let sound = [
        "state.pt", "wrapped.pt", "parameters_prefixed.pt", "state.legacy.pt", "state.safetensors",
    ]

    @Test("Every format gives the values that PyTorch saved", arguments: sound)
    func readsValues(file: String) throws {
        let expected = try JSONDecoder().decode([String: SavedTensor].self, from: Data(resource("state.json")))
        let tensors = try readTensors(at: resources.appending(file))
        let prefix = file.hasPrefix("parameters") ? "module." : ""
        #expect(Set(tensors.keys) == Set(expected.keys.map { prefix + $0 }))
        for (name, value) in expected {
            let tensor = try #require(tensors[prefix + name])
            #expect(tensor.shape == value.shape, "\(name)")
            #expect(tensor.elementType.rawValue == value.dtype, "\(name)")
            #expect(tensor.values == value.values.map { Float($0) }, "\(name)")
        }
    }

    @Test(
        "A file that asks for a command is refused by the command's name",
        arguments: ["hostile.pt", "hostile.legacy.pt"]
    )
    func refusesCommands(file: String) throws {
        let error = try #require(throws: TensorFileError.self) { try readTensors(resource(file)) }
        #expect(error.description.contains("posix.system"))
    }

    @Test("A truncated file is refused, wherever it ends", arguments: sound)
    func refusesTruncation(file: String) throws {
        let bytes = try resource(file)
        for cut in stride(from: 0, to: bytes.count, by: 7) + [bytes.count - 1] {
            #expect(throws: TensorFileError.self, "cut at \(cut)") { try readTensors(Array(bytes.prefix(cut))) }
        }
    }

    @Test("Flipped bits never trap", arguments: sound)
    func survivesFlippedBits(file: String) throws {
        let bytes = try resource(file)
        for position in stride(from: 0, to: bytes.count, by: 2) {
            var broken = bytes
            broken[position] ^= UInt8(1 << (position % 8))
            _ = try? readTensors(broken)
        }
    }

    @Test("A pickle of containers a million deep, or in circles, does no harm")
    func survivesDeepNesting() {
        let magic: [UInt8] = [0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E]
        let start = magic + [0x80, 2, 0x4D, 0xE9, 0x03, 0x2E]
        let system = [0x80, 2, 0x7D, 0x58, 13, 0, 0, 0] + Array("little_endian".utf8) + [0x88, 0x73, 0x2E]
        let deep = [0x4E] + [UInt8](repeating: 0x85, count: 900_000) + [0x2E]
        let circle: [UInt8] = [0x7D, 0x71, 0, 0x58, 1, 0, 0, 0, 0x61, 0x68, 0, 0x73, 0x2E]
        for value in [deep, circle] {
            #expect(throws: TensorFileError.self) { try readTensors(start + system + value + [0x5D, 0x2E]) }
        }
    }

    @Test("A header of nested brackets is refused")
    func refusesNestedHeaders() {
        let header = Array("{\"a\":".utf8) + [UInt8](repeating: 0x5B, count: 1 << 20)
        let length: [UInt8] = [5, 0, 0x10, 0, 0, 0, 0, 0]
        #expect(throws: TensorFileError.self) { try readSafetensors(length + header) }
    }

    @Test("Big-endian numbers are refused")
    func refusesBigEndian() throws {
        var bytes = try resource("state.pt")
        let order = try #require(bytes.indices.first { bytes[$0...].starts(with: "little".utf8) })
        bytes.replaceSubrange(order..<(order + 6), with: "bigbig".utf8)
        #expect(throws: TensorFileError.self) { try readTensors(bytes) }
    }

    @Test("What is written as safetensors is read again, and written to the same bytes")
    func roundTripsSafetensors() throws {
        let tensors: [(name: String, shape: [Int], values: [Float])] = [
            ("b \"quoted\"\n", [2, 3], [1, -2, .infinity, 0.1, -0.0, 5]), ("a", [], [7]), ("empty", [0, 4], []),
        ]
        let bytes = encodeSafetensors(tensors, metadata: ["z": "1", "a": "é"])
        #expect(bytes == encodeSafetensors(tensors, metadata: ["a": "é", "z": "1"]))
        let read = try readTensors(bytes)
        #expect(read.count == 3)
        for tensor in tensors {
            #expect(read[tensor.name]?.shape == tensor.shape)
            #expect(read[tensor.name]?.values.map(\.bitPattern) == tensor.values.map(\.bitPattern))
        }
        for cut in bytes.indices {
            #expect(throws: TensorFileError.self, "cut at \(cut)") { try readSafetensors(Array(bytes.prefix(cut))) }
        }
    }

    @Test(
        "A safetensors header that cannot be right is refused",
        arguments: [
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}"#,
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#,
            #"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#,
            #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#,
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#,
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}"#,
            #"{"a":{"dtype":"F8_E4M3","shape":[7],"data_offsets":[0,8]}}"#,
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
            #"{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}"#,
            #"{"a":3}"#,
        ]
    )
    func refusesBadHeaders(header: String) {
        var bytes = [UInt8](repeating: 0, count: 8)
        bytes[0] = UInt8(header.utf8.count)
        bytes += Array(header.utf8) + [UInt8](repeating: 0, count: 8)
        #expect(throws: TensorFileError.self) { try readSafetensors(bytes) }
    }

    @Test("Many names for one range are refused before memory is taken for them")
    func refusesSharedRanges() throws {
        let size = 4 << 20
        let entries = (0..<4000).map {
            "\"t\($0)\":{\"dtype\":\"F32\",\"shape\":[\(size / 4)],\"data_offsets\":[0,\(size)]}"
        }
        let header = Array("{\(entries.joined(separator: ","))}".utf8)
        let length = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> ($0 * 8)) }
        let file = length + header + [UInt8](repeating: 0, count: size)
        let error = try #require(throws: TensorFileError.self) { try readSafetensors(file) }
        #expect(error.description.contains("overlap"))
    }

    @Test("Of PyTorch tensors that share one storage too often no more are read than the file has bytes")
    func boundsSharedStorages() throws {
        let file = try resource("shared.pt")
        let read = try readTensorFile(file)
        #expect(read.tensors.values.reduce(0) { $0 + $1.values.count } <= file.count)
        #expect(!read.unread.isEmpty && read.unread.values.allSatisfy { $0.description.contains("share storages") })
    }
}
