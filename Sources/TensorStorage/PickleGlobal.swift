// SPDX-License-Identifier: MIT

/// A name that a pickle uses, by what it means for tensors.
enum PickleGlobal: Equatable {
    case dictionary
    case rebuildTensor
    /// The same with the type named, for types that have no storages of their own.
    case rebuildTypedTensor
    case rebuildParameter
    case rebuildFromType
    case size
    case storage(TorchStorageType)
    case dataType(ElementType)
    /// Anything else, which nothing here needs.
    case other(String)

    /// Finds out what a name means.
    ///
    /// - Throws: `TensorFileError` for a command.
    init(module: String, name: String) throws(TensorFileError) {
        switch (module, name) {
        case ("collections", "OrderedDict"), ("collections", "defaultdict"), ("builtins", "dict"),
            ("__builtin__", "dict"):
            self = .dictionary
        case ("torch._utils", "_rebuild_tensor"), ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensor
        case ("torch._utils", "_rebuild_tensor_v3"): self = .rebuildTypedTensor
        case ("torch._utils", "_rebuild_parameter"), ("torch._utils", "_rebuild_parameter_with_state"):
            self = .rebuildParameter
        case ("torch._tensor", "_rebuild_from_type"), ("torch._tensor", "_rebuild_from_type_v2"),
            ("torch.tensor", "_rebuild_from_type"):
            self = .rebuildFromType
        case ("torch", "Size"): self = .size
        case ("torch", _), ("torch.cuda", _), ("torch.storage", _):
            self = Self.type(name) ?? .other("\(module).\(name)".shortened)
        default:
            let shown = "\(module).\(name)".shortened
            if Self.isCommand(module, name) {
                throw .refused(
                    format: torchFormat,
                    reason: "its pickle would run \(shown) where other programs load it; get the file from elsewhere"
                )
            }
            self = .other(shown)
        }
    }

    private static func type(_ name: String) -> PickleGlobal? {
        if let type = TorchStorageType(name: name) { return .storage(type) }
        let other = ["half": "float16", "float": "float32", "double": "float64", "long": "int64", "int": "int32"]
        return ElementType(rawValue: other[name] ?? name).map { .dataType($0) }
    }

    /// Whether a name runs what a file says; those that do nothing by themselves stay names.
    private static func isCommand(_ module: String, _ name: String) -> Bool {
        switch module {
        case "builtins", "__builtin__": builtinCommands.contains(name)
        case "os", "posix", "nt": systemCommands.contains { name.hasPrefix($0) }
        default: commandModules.contains(module)
        }
    }

    private static let builtinCommands: Set = [
        "eval", "exec", "execfile", "compile", "__import__", "open", "input", "breakpoint",
    ]
    /// What starts programs, ends them, or changes files has names that begin so.
    private static let systemCommands = [
        "system", "popen", "exec", "spawn", "posix_spawn", "startfile", "fork", "kill", "remove", "unlink", "rmdir",
        "rename", "replace", "open", "putenv", "chmod", "chown", "mkdir", "makedirs", "truncate", "link", "symlink",
        "write", "_exit", "abort",
    ]
    private static let commandModules: Set = [
        "subprocess", "commands", "pty", "socket", "shutil", "runpy", "webbrowser",
    ]

    /// The name, for messages.
    var name: String {
        switch self {
        case .dictionary: "collections.OrderedDict"
        case .rebuildTensor, .rebuildTypedTensor, .rebuildParameter, .rebuildFromType: "a tensor"
        case .size: "torch.Size"
        case .storage(let type): type.name
        case .dataType(let type): "torch.\(type.rawValue)"
        case .other(let name): name
        }
    }
}

extension String {
    /// As much of a file's own words as a message has room for.
    fileprivate var shortened: String { String(prefix(100)) }
}

/// What the numbers of a storage are.
enum TorchStorageType: Equatable {
    case numbers(ElementType)
    /// Bytes that a tensor gives a type.
    case untyped
    /// Numbers that are not read here.
    case other(name: String, byteCount: Int)

    private static let others = [
        "ComplexFloatStorage": 8, "ComplexDoubleStorage": 16, "QInt8Storage": 1, "QUInt8Storage": 1, "QInt32Storage": 4,
        "QUInt4x2Storage": 1, "QUInt2x4Storage": 1,
    ]

    /// Finds what PyTorch calls so; nil for names of other things.
    init?(name: String) {
        if let type = ElementType.allCases.first(where: { torchStorageName(of: $0) == name }) {
            self = .numbers(type)
        } else if name == "UntypedStorage" {
            self = .untyped
        } else if let byteCount = Self.others[name] {
            self = .other(name: name, byteCount: byteCount)
        } else {
            return nil
        }
    }

    /// Bytes of one number.
    var byteCount: Int {
        switch self {
        case .numbers(let type): type.byteCount
        case .untyped: 1
        case .other(_, let byteCount): byteCount
        }
    }

    /// How the numbers are read; nil for those that are not.
    var elementType: ElementType? {
        switch self {
        case .numbers(let type): type
        case .untyped: .uint8
        case .other: nil
        }
    }

    /// What PyTorch calls it.
    var name: String {
        switch self {
        case .numbers(let type): "torch.\(torchStorageName(of: type))"
        case .untyped: "torch.UntypedStorage"
        case .other(let name, _): "torch.\(name)"
        }
    }
}

/// What PyTorch calls a block of numbers of a type.
func torchStorageName(of type: ElementType) -> String {
    switch type {
    case .bool: "BoolStorage"
    case .uint8: "ByteStorage"
    case .int8: "CharStorage"
    case .int16: "ShortStorage"
    case .int32: "IntStorage"
    case .int64: "LongStorage"
    case .float16: "HalfStorage"
    case .bfloat16: "BFloat16Storage"
    case .float32: "FloatStorage"
    case .float64: "DoubleStorage"
    }
}
