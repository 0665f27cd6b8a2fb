// SPDX-License-Identifier: MIT

import Testing

@testable import TensorStorage

@Suite("PyTorch checkpoints", .timeLimit(.minutes(120)))
struct CheckpointTests {
    private static let tensor = Pickle.tensor(StoredTensor("w", shape: [2], [1, -2] as [Float]), key: "0")
    private static let state = Pickle.dictionary([("w", tensor)])
    /// An optimizer numbers the parameters that it has tensors for; its storage lies before the model's.
    private static let optimizer = Pickle.dictionary([
        ("lr", .integer(1)),
        ("state", .numbered([0: .tensor(StoredTensor("m", shape: [3], [7, 8, 9] as [Float]), key: "-1")])),
    ])

    @Test(
        "The state dictionary is found where training programs put it",
        arguments: [
            state,
            .dictionary([("epoch", .integer(3)), ("state_dict", state)]),
            .dictionary([("optimizer", optimizer), ("model", state), ("loss", .none)]),
            .dictionary([("ema", .dictionary([("w", .none)])), ("net", state)]),
            .dictionary([("model", .dictionary([("state_dict", state)]))]),
            // A name that is known for it, and holds something else.
            .dictionary([("model", .dictionary([("arch", .text("inception"))])), ("weights", state)]),
            .dictionary([("state_dict", .dictionary([])), ("model_state_dict", state)]),
            .dictionary([("anything", state), ("optimizer", optimizer)]),
        ]
    )
    func unwraps(value: Pickle) throws {
        for file in [try value.archive(), value.legacyFile()] {
            let tensors = try readTensors(file)
            #expect(tensors.mapValues(\.values) == ["w": [1, -2]])
        }
    }

    @Test("The name that PyTorch had for tensors before 0.4 is as good")
    func readsFirstName() throws {
        var file = Self.state.legacyFile()
        let suffix = try #require(file.firstRange(of: "_v2".utf8))
        file.removeSubrange(suffix)
        #expect(try readTensors(file).mapValues(\.values) == ["w": [1, -2]])
    }

    @Test("A checkpoint of several models under unknown names is refused by these names")
    func refusesChoice() throws {
        let file = try Pickle.dictionary([("generator", Self.state), ("critic", Self.state)]).archive()
        let error = try #require(throws: TensorFileError.self) { try readTensors(file) }
        #expect(error.description.contains("\"generator\", \"critic\""))
    }

    @Test(
        "A file without a dictionary of tensors is refused",
        arguments: [.list([tensor]), tensor, .dictionary([]), .dictionary([("state_dict", .dictionary([]))])]
    )
    func refusesOthers(value: Pickle) throws {
        for file in [try value.archive(), value.legacyFile()] {
            #expect(throws: TensorFileError.self) { try readTensors(file) }
        }
    }

    @Test(
        "Names of commands are refused by name, also where no tensor needs them",
        arguments: [
            "builtins.eval", "__builtin__.execfile", "builtins.__import__", "nt.system", "os.execvp", "os.spawnl",
            "os.popen", "posix.posix_spawn", "os.remove", "subprocess.run",
        ]
    )
    func refusesNames(called: String) throws {
        let value = Pickle.dictionary([("w", Self.tensor), ("x", .call(called, [.text("1")]))])
        for file in [try value.archive(), value.legacyFile()] {
            let error = try #require(throws: TensorFileError.self) { try readTensors(file) }
            #expect(error.description.contains(called))
        }
    }

    @Test("Names that no tensor needs are passed over, and no tensor is made of them", arguments: ["x", "w"])
    func passesOverNames(needed: String) throws {
        let other = Pickle.call("training.Anything", [.text("1")])
        let tensor = ("t", Self.tensor)
        for file in [
            try Pickle.dictionary([tensor, (needed, other)]).archive(),
            Pickle.dictionary([tensor, (needed, other)]).legacyFile(),
        ] {
            let read = try readTensorFile(file)
            #expect(read.tensors.mapValues(\.values) == ["t": [1, -2]])
            #expect(read.unread[needed].map { "\($0)".contains("training.Anything") } == true)
        }
    }

    @Test(
        "Classes of the system's modules do nothing, and are passed over",
        arguments: ["os.PathLike", "posix.stat_result", "os.terminal_size", "pathlib.PosixPath", "nt.DirEntry"]
    )
    func passesOverClasses(called: String) throws {
        let value = Pickle.dictionary([("w", Self.tensor), ("x", .call(called, [.text("1")]))])
        for file in [try value.archive(), value.legacyFile()] {
            #expect(try readTensors(file).mapValues(\.values) == ["w": [1, -2]])
        }
    }

    @Test("A view takes its numbers from where it begins, at its own distances")
    func gathersViews() throws {
        let bytes = (0..<12).flatMap { littleEndian(Double($0).bitPattern) }
        let numbers = Pickle.Storage(key: "0", type: .float64, bytes: bytes)
        let views: [(shape: [Int], strides: [Int], offset: Int, values: [Float])] = [
            ([2, 3], [1, 4], 1, [1, 5, 9, 2, 6, 10]), ([3], [2], 7, [7, 9, 11]), ([2, 2], [0, 1], 3, [3, 4, 3, 4]),
            ([], [], 5, [5]), ([4, 0], [1, 1], 0, []),
        ]
        let items = views.enumerated().map { number, view in
            ("\(number)", Pickle.tensor(numbers, offset: view.offset, shape: view.shape, strides: view.strides))
        }
        for file in [try Pickle.dictionary(items).archive(), Pickle.dictionary(items).legacyFile()] {
            let tensors = try readTensors(file)
            for (number, view) in views.enumerated() {
                let expected = NamedTensor(shape: view.shape, elementType: .float64, values: view.values)
                #expect(tensors["\(number)"] == expected)
            }
        }
    }

    @Test("A view that leaves its storage is refused", arguments: [([2], [12], 1), ([13], [1], 0), ([2], [-1], 1)])
    func refusesViews(shape: [Int], strides: [Int], offset: Int) throws {
        let numbers = Pickle.Storage(key: "0", type: .uint8, bytes: [UInt8](repeating: 1, count: 12))
        let value = Pickle.dictionary([("w", .tensor(numbers, offset: offset, shape: shape, strides: strides))])
        #expect(throws: TensorFileError.self) { try readTensors(value.archive()) }
    }
}
