// SPDX-License-Identifier: MIT

import FoundationEssentials
import Testing

@testable import TensorStorage

/// What PyTorch and safetensors wrote for people, beside what nothing here needs.
@Suite("Checkpoints as people save them", .timeLimit(.minutes(120)))
struct FieldCheckpointTests {
    private static let files = [
        // Python 2's texts, and pairs in place of dictionaries.
        "python2.pt", "python2.legacy.pt",
        // Counters, sizes, devices, types, sets, bytes, complex numbers, NumPy's scalars and arrays, objects of all sorts.
        "checkpoint-with-extras.pt", "checkpoint-with-numpy-scalar.pt", "extras-training.pt",
        "extras-protocol1.legacy.pt", "extras-protocol3.pt", "extras-protocol4.pt", "extras-protocol5.legacy.pt",
        // Tensors of other kinds: sparse, quantised, complex, nested, without numbers, of types without storages.
        "checkpoint-with-other-types.pt", "exotic-tensors.pt", "exotic-tensors.legacy.pt",
        "parameters-with-attributes.pt", "parameters-with-attributes.legacy.pt",
        "deflated.pt", "two.pt", "extra-types.safetensors",
    ]

    @Test("The tensors are what was saved, whatever else is in the file", arguments: files)
    func readsTensors(file: String) throws {
        let expected = try JSONDecoder().decode([String: SavedTensor].self, from: Data(resource("state.json")))
        let tensors = try readTensorFile(resource("field/\(file)")).tensors
        // A format of its own has no truth values.
        for (name, value) in expected where tensors[name] != nil || !file.hasSuffix("safetensors") {
            let tensor = try #require(tensors[name], "\(name)")
            #expect(tensor.shape == value.shape && tensor.elementType.rawValue == value.dtype, "\(name)")
            #expect(tensor.values == value.values.map { Float($0) }, "\(name)")
        }
        #expect(tensors["a_pre_relu_conv.weight"] != nil)
    }

    @Test(
        "What stands among the tensors and is not read is named, for those who need it",
        arguments: [
            ("exotic-tensors.pt", "sp", "_rebuild_sparse_tensor"),
            ("exotic-tensors.legacy.pt", "q", "_rebuild_qtensor"),
            ("exotic-tensors.pt", "c64", "ComplexFloatStorage"), ("exotic-tensors.pt", "u16", "torch.uint16"),
            ("extra-types.safetensors", "codes", "U16"), ("extra-types.safetensors", "f8", "F8_E4M3"),
        ]
    )
    func namesUnread(file: String, tensor: String, words: String) throws {
        let unread = try readTensorFile(resource("field/\(file)")).unread
        #expect(unread[tensor].map { "\($0)".contains(words) && "\($0)".contains(tensor) } == true, "\(unread)")
    }

    @Test("Of two dictionaries of tensors it is said which was taken; of one nothing")
    func saysWhich() throws {
        let remark = try #require(try readTensorFile(resource("field/two.pt")).remark)
        #expect(remark.contains("\"state_dict\" was taken") && remark.contains("\"state_dict_ema\""))
        #expect(try readTensorFile(resource("field/extras-training.pt")).remark == nil)
        #expect(try readTensorFile(resource("wrapped.pt")).remark == nil)
    }

    @Test(
        "A file of another kind is called by its name, with what to do",
        arguments: [
            ("script.pt", "TorchScript"), ("module.pt", "whole module of the class training.models.Net"),
            ("module.legacy.pt", "whole module of the class training.models.Net"),
            ("module-in-checkpoint.pt", "\"model\" is a whole module of the class training.models.Net"),
            ("arrays.npz", "NumPy archive (.npz)"), ("tensor.pt", "a single tensor"),
            ("pickle.pt", "not one of torch.save"),
        ]
    )
    func refusesByName(file: String, words: String) throws {
        let bytes = try resource("field/refused/\(file)")
        let error = try #require(throws: TensorFileError.self) { try readTensorFile(bytes) }
        #expect(error.description.contains(words), "\(error)")
        #expect(error.description.contains("torch.save({\"state_dict\": model.state_dict()}"), "\(error)")
        #expect(!error.description.contains("damaged"))
    }

    @Test(
        "So are texts and pages that stand for a file",
        arguments: [
            ("", "is empty"),
            ("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n", "Git LFS pointer"),
            ("<!DOCTYPE html><html>", "page of HTML"), ("\n <HTML lang=en>", "page of HTML"),
            ("{\"a\": 1}", "JSON text"),
            ("\u{1F}\u{8B}", "of no kind"), ("a,b\n1,2\n", "a text"),
        ]
    )
    func refusesTexts(text: String, words: String) throws {
        let error = try #require(throws: TensorFileError.self) { try readTensorFile(Array(text.utf8)) }
        #expect(error.description.contains(words) && error.description.contains("torch.save("), "\(error)")
        #expect(!error.description.contains("damaged"))
    }
}

/// Texts and numbers in all the ways that pickles have had.
@Suite("Instructions of pickles", .timeLimit(.minutes(120)))
struct PickleInstructionTests {
    private func value(_ instructions: [UInt8]) throws -> PickleValue {
        let arena = PickleArena()
        defer { withExtendedLifetime(arena) {} }
        var reader = PickleReader(instructions + [0x2E], arena: arena)
        return try reader.read()
    }

    @Test(
        "A text is the same however it is written",
        arguments: [
            "U\u{2}hi", "T\u{2}\0\0\0hi", "X\u{2}\0\0\0hi", "S'hi'\n", "S\"hi\"\n", "S'\\x68i'\n", "Vhi\n",
            "V\\u0068i\n",
            "Shi\np4\n0g4\n", "Vhi\nq\u{1}(0h\u{1}", "(Vhi\n1Vhi\n2",
        ]
    )
    func texts(text: String) throws {
        #expect(try value(Array(text.utf8)).string == "hi")
    }

    @Test(
        "A whole number is the same however it is written",
        arguments: ["I-3\n", "L-3L\n", "L-3\n", "\u{7F}"]
    )
    func numbers(text: String) throws {
        // The last stands for the binary form, which is no text.
        let bytes: [UInt8] = text == "\u{7F}" ? [0x8B, 1, 0, 0, 0, 0xFD] : Array(text.utf8)
        #expect(try value(bytes).integer == -3)
    }

    @Test("The first protocols' dictionaries and pairs of Python 2 hold what the others do")
    func dictionaries() throws {
        let texts = [
            "(Va\nI7\nd", "}Va\nI7\ns", "ccollections\nOrderedDict\n((lp0\n(lp1\nVa\naI7\naatR",
            "ccollections\nOrderedDict\n(((Va\nI7\ntltR", "(icollections\nOrderedDict\nVa\nI7\ns",
        ]
        for text in texts {
            let arena = PickleArena()
            defer { withExtendedLifetime(arena) {} }
            var reader = PickleReader(Array("\(text).".utf8), arena: arena)
            guard case .dictionary(let dictionary) = try reader.read() else {
                Issue.record("\(text)")
                continue
            }
            #expect(dictionary.items.map(\.key) == ["a"] && dictionary.items.first?.value.integer == 7, "\(text)")
        }
    }

    @Test("Pairs that are copied again and again are counted")
    func boundsCopies() throws {
        let pairs = "(lp0\n" + String(repeating: "(Va\nNta", count: 1000)
        let call = "ccollections\nOrderedDict\n(g0\ntR0"
        let text = pairs + String(repeating: call, count: 5000)
        #expect(throws: TensorFileError.self) { try value(Array(text.utf8)) }
    }

    @Test("Calls of calls of calls end")
    func boundsCalls() throws {
        let call = "ctorch._tensor\n_rebuild_from_type_v2\n"
        let text = String(repeating: "\(call)(\(call)N", count: 20) + String(repeating: "ttR", count: 1)
        #expect(throws: TensorFileError.self) { try value(Array(text.utf8)) }
    }
}

/// A tensor as the reference lists it.
struct SavedTensor: Decodable {
    let shape: [Int]
    let dtype: String
    let values: [Double]

    enum CodingKeys: CodingKey { case shape, dtype, values }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        shape = try container.decode([Int].self, forKey: .shape)
        dtype = try container.decode(String.self, forKey: .dtype)
        if let flags = try? container.decode([Bool].self, forKey: .values) {
            values = flags.map { $0 ? 1 : 0 }
        } else {
            values = try container.decode([Double].self, forKey: .values)
        }
    }
}
