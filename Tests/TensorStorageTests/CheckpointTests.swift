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

    /// A tensor that cannot be read, and what is said of it.
    enum Unreadable: CaseIterable {
        case expanded, endless, missing, short, outside, negative

        private static let storage = Pickle.Storage(key: "1", type: .float32, bytes: [UInt8](repeating: 0, count: 16))

        var tensor: Pickle {
            let (offset, shape, strides) =
                switch self {
                case .expanded: (0, [1000, 1000, 1000], [0, 0, 0])
                case .endless: (0, [1 << 31 - 1, 1 << 31 - 1, 1 << 31 - 1], [0, 0, 0])
                case .missing, .short: (0, [4], [1])
                case .outside: (1, [4], [1])
                case .negative: (3, [4], [-1])
                }
            return .tensor(Self.storage, offset: offset, shape: shape, strides: strides)
        }

        var words: String {
            switch self {
            case .expanded: "share storages"
            case .endless: "more numbers than any file"
            case .missing: "missing"
            case .short: "needs 4 numbers of a storage of 8 bytes"
            case .outside: "reaches beyond its storage"
            case .negative: "no valid shape"
            }
        }

        /// Does to the file's records what is wrong with them.
        func spoil(_ records: inout [(name: String, contents: [UInt8])]) {
            switch self {
            case .missing: records.removeAll { $0.name.hasSuffix("/1") }
            case .short:
                records = records.map { ($0.name, $0.name.hasSuffix("/1") ? [0, 0, 0, 0, 0, 0, 0, 0] : $0.contents) }
            default: break
            }
        }
    }

    @Test(
        "A tensor that cannot be read does not keep the others from being read, and says why to who needs it",
        arguments: Unreadable.allCases,
        [false, true]
    )
    func passesOverUnreadable(unreadable: Unreadable, isFirst: Bool) throws {
        let items = [("w", Self.tensor), ("u", unreadable.tensor)]
        let value = Pickle.dictionary(isFirst ? items.reversed() : items)
        let archive = try value.archive(spoiledBy: unreadable.spoil)
        let isInRecords = [.missing, .short].contains(unreadable)
        for file in [archive] + (isInRecords ? [] : [value.legacyFile()]) {
            let read = try readTensorFile(file)
            #expect(read.tensors.mapValues(\.values) == ["w": [1, -2]])
            let reason = try #require(read.unread["u"]).description
            #expect(reason.contains(unreadable.words) && reason.contains("\"u\""), "\(reason)")
        }
        let alone = try Pickle.dictionary([("u", unreadable.tensor)]).archive(spoiledBy: unreadable.spoil)
        let error = try #require(throws: TensorFileError.self) { try readTensorFile(alone) }
        #expect(error.description.contains(unreadable.words))
    }

    @Test(
        "A number that is spread over a shape is read, after all tensors that need more room",
        arguments: [false, true]
    )
    func readsExpanded(isFirst: Bool) throws {
        let one = Pickle.Storage(key: "1", type: .float32, bytes: littleEndian(Float(3).bitPattern))
        let spread = ("s", Pickle.tensor(one, offset: 0, shape: [30, 20], strides: [0, 0]))
        let whole = ("w", Pickle.tensor(StoredTensor("w", shape: [300], activations(300)), key: "0"))
        let file = try Pickle.dictionary(isFirst ? [spread, whole] : [whole, spread]).archive()
        let tensors = try readTensors(file)
        #expect(tensors["s"]?.values == [Float](repeating: 3, count: 600) && tensors["w"]?.values == activations(300))
    }

    @Test("A view that leaves its storage is refused", arguments: [([2], [12], 1), ([13], [1], 0), ([2], [-1], 1)])
    func refusesViews(shape: [Int], strides: [Int], offset: Int) throws {
        let numbers = Pickle.Storage(key: "0", type: .uint8, bytes: [UInt8](repeating: 1, count: 12))
        let value = Pickle.dictionary([("w", .tensor(numbers, offset: offset, shape: shape, strides: strides))])
        #expect(throws: TensorFileError.self) { try readTensors(value.archive()) }
    }
}
