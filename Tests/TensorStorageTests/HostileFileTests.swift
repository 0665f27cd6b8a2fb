// SPDX-License-Identifier: MIT

import SystemPackage
import SystemSupport
import TestSupport
import Testing

@testable import TensorStorage

@Suite("Weight files made to harm", .timeLimit(.minutes(120)))
struct HostileFileTests {
    /// Small files that ask for much, each in a way of its own.
    enum Bomb: CaseIterable {
        case sharedShape, sharedRecord, endlessContainers, nestedTuples, uncountedEntries, longHeader, brokenHeader
        case deflatedRecord, deflatedPickle, unreadableTensors

        func file() throws -> [UInt8] {
            switch self {
            case .sharedShape: return try HostileFileTests.sharedShape()
            case .sharedRecord: return HostileFileTests.sharedRecord()
            case .endlessContainers:
                // Lists that are made and thrown away.
                let pair: [UInt8] = [0x5D, 0x30]
                return try HostileFileTests.archive(Array(repeatElement(pair, count: 1 << 21).joined()))
            case .nestedTuples:
                // Nothing, in a tuple, in a tuple, and so on: what costs most for each of the pickle's bytes.
                return try HostileFileTests.archive([0x4E] + [UInt8](repeating: 0x85, count: 900_000) + [0x2E])
            // Eight megabytes, of nothing and of lists, packed a thousand times smaller.
            case .deflatedRecord: return try resource("deflated-record.pt")
            case .deflatedPickle: return try resource("deflated-pickle.pt")
            case .unreadableTensors: return try HostileFileTests.unreadableTensors()
            case .uncountedEntries: return HostileFileTests.uncountedEntries
            case .longHeader:
                return HostileFileTests.header(
                    "{\"a\":{\"dtype\":\"F32\",\"shape\":[0" + String(repeating: ",0", count: 3 << 20)
                        + "],\"data_offsets\":[0,4]}}"
                )
            case .brokenHeader:
                return HostileFileTests.header("{" + String(repeating: "\"a\":[[]],", count: 800_000) + "\"b\":1}")
            }
        }
    }

    @Test("It is refused before it has taken much time or memory", arguments: Bomb.allCases)
    func refusesBombs(bomb: Bomb) async throws {
        let file = try bomb.file()
        let result = try await readApart([file])
        #expect(result.isRefused == [true])
        // What the reader promises; no file here is much more than a pickle or a header.
        #expect(result.growth < 192 * file.count + 16 << 20, "\(result.growth) bytes for \(file.count)")
    }

    @Test(
        "A pickle that would run a command is refused by the command's name, and nothing is run",
        arguments: ["posix.system", "os.system", "subprocess.Popen", "builtins.exec"],
        [false, true]
    )
    func runsNothing(command: String, isLegacy: Bool) async throws {
        try await withTemporaryDirectory { folder in
            let marker = folder.appending("marker")
            let value = Pickle.dictionary([("w", .call(command, [.text("touch \(marker)")]))])
            let file = isLegacy ? value.legacyFile() : try value.archive()
            let error = try #require(throws: TensorFileError.self) { try readTensors(file) }
            #expect(error.description.contains(command))
            #expect(try !LocalFileSystem().isPresent(marker))
        }
    }

    // MARK: Bombs

    private static func archive(_ instructions: [UInt8]) throws -> [UInt8] {
        let pickle: [UInt8] = [0x80, 2] + instructions
        return try encodeZip([(name: "a/data.pkl", contents: pickle)], alignment: 64)
    }

    /// One tuple of many sizes for many tensors.
    private static func sharedShape() throws -> [UInt8] {
        let count = 50_000
        let storage = Pickle.Storage(key: "0", type: .uint8, bytes: [0])
        let tensor = Pickle.tensor(storage, offset: 0, shape: [1], strides: [1]).encoded().dropFirst(2).dropLast()
        // The tensor's call up to its sizes, which a recalled tuple takes the place of: K 0, then the tuples.
        let end = tensor.firstRange(of: [0x74, 0x51]).map { $0.upperBound } ?? tensor.endIndex
        let one: [UInt8] = [0x4B, 1]
        let once = Array(tensor[..<end]) + [0x4B, 0, 0x68, 7, 0x68, 7, 0x89, 0x7D, 0x74, 0x52]
        var instructions: [UInt8] = [0x28] + Array(repeatElement(one, count: count).joined()) + [0x74, 0x71, 7]
        instructions += Array(repeatElement(once, count: 20_000).joined()) + [0x2E]
        return try archive(instructions)
    }

    /// One tensor of the most axes, each of the greatest size, under many names.
    private static func unreadableTensors() throws -> [UInt8] {
        let storage = Pickle.Storage(key: "0", type: .uint8, bytes: [0])
        let sizes = [Int](repeating: Int(Int32.max), count: 32)
        let tensor = Pickle.tensor(storage, offset: 0, shape: sizes, strides: sizes).encoded().dropFirst(2).dropLast()
        var instructions = tensor + [0x71, 7, 0x30, 0x7D, 0x28]
        for number in 0..<200_000 {
            let name = Array(String(number, radix: 36).utf8)
            instructions += [0x55, UInt8(name.count)] + name + [0x68, 7]
        }
        return try archive(instructions + [0x75, 0x2E])
    }

    /// An archive whose directory gives one record many names, for as many storages.
    private static func sharedRecord() -> [UInt8] {
        let (size, count) = (1 << 20, 5000)
        let record = [UInt8](repeating: 0, count: size)
        let items = (0..<count).map { number in
            let storage = Pickle.Storage(key: "\(number)", type: .uint8, bytes: record)
            return ("\(number)", Pickle.tensor(storage, offset: 0, shape: [1], strides: [1]))
        }
        let pickle = Pickle.dictionary(items).encoded()
        var file: [UInt8] = []
        var directory: [UInt8] = []
        func list(_ name: String, _ contents: [UInt8], checksum: UInt32, at offset: Int) {
            directory += [0x50, 0x4B, 1, 2] + fields(name, contents.count, checksum)
            directory += [UInt8](repeating: 0, count: 10) + littleEndian(UInt32(offset)) + Array(name.utf8)
        }
        func add(_ name: String, _ contents: [UInt8], checksum: UInt32) {
            list(name, contents, checksum: checksum, at: file.count)
            file +=
                [0x50, 0x4B, 3, 4] + fields(name, contents.count, checksum).dropFirst(2) + Array(name.utf8) + contents
        }
        add("a/data.pkl", pickle, checksum: crc32(pickle))
        let place = file.count
        let checksum = crc32(record)
        add("a/data/0", record, checksum: checksum)
        for number in 1..<count { list("a/data/\(number)", record, checksum: checksum, at: place) }
        let entries = littleEndian(UInt16(count + 1))
        let sizes = littleEndian(UInt32(directory.count)) + littleEndian(UInt32(file.count))
        return file + directory + [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + entries + entries + sizes + [0, 0]
    }

    /// What local headers and the directory say of an entry alike, versions first.
    private static func fields(_ name: String, _ size: Int, _ checksum: UInt32) -> [UInt8] {
        let sizes = littleEndian(UInt32(size)) + littleEndian(UInt32(size))
        return [20, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0] + littleEndian(checksum) + sizes
            + littleEndian(UInt16(name.utf8.count)) + [0, 0]
    }

    private static func crc32(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~0) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
        }
    }

    /// An archive of the 64-bit kind that claims two thousand million entries and has one.
    private static let uncountedEntries: [UInt8] = {
        let header = fields("a", 0, 0)
        let start = [0x50, 0x4B, 3, 4] + header.dropFirst(2) + [97]
        let directory = [0x50, 0x4B, 1, 2] + header + [UInt8](repeating: 0, count: 14) + [97]
        let many = littleEndian(2_000_000_000)
        let record =
            [0x50, 0x4B, 6, 6] + littleEndian(44) + [45, 0, 45, 0] + [UInt8](repeating: 0, count: 8) + many + many
            + littleEndian(directory.count) + littleEndian(start.count)
        let place = littleEndian(start.count + directory.count)
        let locator = [0x50, 0x4B, 6, 7, 0, 0, 0, 0] + place + [1, 0, 0, 0]
        let end: [UInt8] = [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + [UInt8](repeating: 0xFF, count: 12) + [0, 0]
        return start + directory + record + locator + end
    }()

    /// A file of safetensors with a header alone.
    private static func header(_ text: String) -> [UInt8] { littleEndian(text.utf8.count) + Array(text.utf8) }
}
