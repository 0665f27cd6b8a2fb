// SPDX-License-Identifier: MIT

/// Reads the pickles of tensor files without running anything.
///
/// A pickle is a program. Only those of its instructions are known here that build plain values, and
/// only those names that ``PickleGlobal`` lists; all else is refused by name.
struct PickleReader {
    private static let limit = 1_000_000
    private static let format = "PyTorch"

    private let arena: PickleArena
    private var cursor: ByteCursor
    private var stack: [PickleValue] = []
    private var marks: [Int] = []
    private var memo: [Int: PickleValue] = [:]
    /// The types of all storages by their keys, also of those whose tensors are in what is not kept.
    private(set) var storageTypes: [String: ElementType] = [:]

    /// Where the next pickle begins, after one has been read.
    var position: Int { cursor.position }

    init(_ bytes: [UInt8], from position: Int = 0, arena: PickleArena) {
        self.arena = arena
        cursor = ByteCursor(bytes, from: position, format: Self.format)
    }

    /// Runs the pickle to its end and returns its value.
    mutating func read() throws(TensorFileError) -> PickleValue {
        while true {
            let opcode = try cursor.byte()
            if opcode == 0x2E { return try pop() }  // STOP
            try step(opcode)
            guard stack.count <= Self.limit, memo.count <= Self.limit, marks.count <= Self.limit,
                arena.count <= Self.limit
            else {
                throw Self.malformed("it holds more than \(Self.limit) values")
            }
        }
    }

    private mutating func step(_ opcode: UInt8) throws(TensorFileError) {
        switch opcode {
        case 0x80: _ = try cursor.byte()  // PROTO
        case 0x95: _ = try cursor.take(8)  // FRAME
        case 0x28: marks.append(stack.count)  // MARK
        case 0x30: _ = try pop()  // POP
        case 0x71: memo[try cursor.size(bytes: 1)] = try top()  // BINPUT
        case 0x72: memo[try cursor.size(bytes: 4)] = try top()  // LONG_BINPUT
        case 0x94: memo[memo.count] = try top()  // MEMOIZE
        case 0x68: try recall(try cursor.size(bytes: 1))  // BINGET
        case 0x6A: try recall(try cursor.size(bytes: 4))  // LONG_BINGET
        case 0x63:  // GLOBAL
            let module = try cursor.line()
            try pushGlobal(module: module, name: try cursor.line())
        case 0x93:  // STACK_GLOBAL
            guard let name = try pop().string, let module = try pop().string else {
                throw Self.malformed("a name is no text")
            }
            try pushGlobal(module: module, name: name)
        case 0x52: try reduce()  // REDUCE
        case 0x62: try build()  // BUILD
        case 0x51: try pushStorage()  // BINPERSID
        default:
            if try pushScalar(opcode) { return }
            if try changeContainer(opcode) { return }
            throw .refused(format: Self.format, reason: "its pickle uses the instruction \(opcode)")
        }
    }

    /// Instructions that push one plain value.
    private mutating func pushScalar(_ opcode: UInt8) throws(TensorFileError) -> Bool {
        switch opcode {
        case 0x4E: stack.append(.none)  // NONE
        case 0x88: stack.append(.bool(true))  // NEWTRUE
        case 0x89: stack.append(.bool(false))  // NEWFALSE
        case 0x4B: stack.append(.integer(try cursor.size(bytes: 1)))  // BININT1
        case 0x4D: stack.append(.integer(try cursor.size(bytes: 2)))  // BININT2
        case 0x4A:  // BININT
            stack.append(.integer(Int(Int32(truncatingIfNeeded: try cursor.number(bytes: 4)))))
        case 0x8A: try pushLong()  // LONG1
        case 0x47:  // BINFLOAT, big-endian
            let bits = try cursor.number(bytes: 8).byteSwapped
            stack.append(.number(Double(bitPattern: bits)))
        case 0x58: stack.append(.string(try cursor.text(try cursor.size(bytes: 4))))  // BINUNICODE
        case 0x8C: stack.append(.string(try cursor.text(try cursor.size(bytes: 1))))  // SHORT_BINUNICODE
        case 0x8D: stack.append(.string(try cursor.text(try cursor.size(bytes: 8))))  // BINUNICODE8
        default: return false
        }
        return true
    }

    /// Instructions that make or fill tuples, lists and dictionaries.
    private mutating func changeContainer(_ opcode: UInt8) throws(TensorFileError) -> Bool {
        switch opcode {
        case 0x7D: stack.append(.dictionary(arena.dictionary()))  // EMPTY_DICT
        case 0x5D: stack.append(.list(arena.list([])))  // EMPTY_LIST
        case 0x29: stack.append(.tuple(arena.list([])))  // EMPTY_TUPLE
        case 0x74: stack.append(.tuple(arena.list(try popToMark())))  // TUPLE
        case 0x85: stack.append(.tuple(arena.list(try pop(1))))  // TUPLE1
        case 0x86: stack.append(.tuple(arena.list(try pop(2))))  // TUPLE2
        case 0x87: stack.append(.tuple(arena.list(try pop(3))))  // TUPLE3
        case 0x73: try setItems(try pop(2))  // SETITEM
        case 0x75: try setItems(try popToMark())  // SETITEMS
        case 0x61: try append(try pop(1))  // APPEND
        case 0x65: try append(try popToMark())  // APPENDS
        default: return false
        }
        return true
    }

    // MARK: The stack

    private static func malformed(_ reason: String) -> TensorFileError {
        .malformed(format: format, reason: "its pickle is broken: \(reason)")
    }

    private func top() throws(TensorFileError) -> PickleValue {
        guard let value = stack.last else { throw Self.malformed("a value is missing") }
        return value
    }

    private mutating func pop() throws(TensorFileError) -> PickleValue {
        guard let value = try pop(1).first else { throw Self.malformed("a value is missing") }
        return value
    }

    private mutating func pop(_ count: Int) throws(TensorFileError) -> [PickleValue] {
        guard stack.count - (marks.last ?? 0) >= count else { throw Self.malformed("a value is missing") }
        defer { stack.removeLast(count) }
        return Array(stack.suffix(count))
    }

    private mutating func popToMark() throws(TensorFileError) -> [PickleValue] {
        guard let mark = marks.popLast() else { throw Self.malformed("a mark is missing") }
        defer { stack.removeSubrange(mark...) }
        return Array(stack[mark...])
    }

    private mutating func recall(_ number: Int) throws(TensorFileError) {
        guard let value = memo[number] else { throw Self.malformed("value \(number) was never kept") }
        stack.append(value)
    }

    // MARK: Values

    private mutating func pushLong() throws(TensorFileError) {
        let bytes = try cursor.take(try cursor.size(bytes: 1))
        // Longer numbers occur only as the magic number of the old format, where their low bytes tell enough.
        var value: UInt64 = bytes.last.map { $0 >= 128 } == true ? .max : 0
        for byte in bytes.prefix(8).reversed() { value = value << 8 | UInt64(byte) }
        stack.append(.integer(Int(Int64(bitPattern: value))))
    }

    private mutating func pushGlobal(module: String, name: String) throws(TensorFileError) {
        guard let global = PickleGlobal(module: module, name: name) else {
            let shown = "\(module).\(name)".prefix(100)
            throw .refused(format: Self.format, reason: "its pickle asks for \(shown), which no tensor needs")
        }
        stack.append(.global(global))
    }

    private mutating func pushStorage() throws(TensorFileError) {
        guard case .tuple(let tuple) = try pop(), case let parts = tuple.elements, parts.count >= 5,
            parts[0].string == "storage",
            case .global(.storage(let type)) = parts[1], let key = parts[2].string, let count = parts[4].integer,
            count >= 0
        else { throw Self.malformed("a storage is not described as one") }
        if parts.count >= 6 {
            guard case .none = parts[5] else {
                throw .refused(format: Self.format, reason: "it holds views of storages; save it again with torch.save")
            }
        }
        storageTypes[key] = type
        stack.append(.storage(TorchStorage(key: key, elementType: type, elementCount: count)))
    }

    private mutating func setItems(_ values: [PickleValue]) throws(TensorFileError) {
        guard case .dictionary(let dictionary) = try top(), values.count.isMultiple(of: 2) else {
            throw Self.malformed("items are set on what is no dictionary")
        }
        for index in stride(from: 0, to: values.count, by: 2) {
            if let key = values[index].string { dictionary.items.append((key, values[index + 1])) }
        }
        guard dictionary.items.count <= Self.limit else { throw Self.malformed("a dictionary is too long") }
    }

    private mutating func append(_ values: [PickleValue]) throws(TensorFileError) {
        guard case .list(let list) = try top() else { throw Self.malformed("values are appended to what is no list") }
        list.elements += values
        guard list.elements.count <= Self.limit else { throw Self.malformed("a list is too long") }
    }

    /// Attributes of dictionaries hold nothing that is needed; all other objects are refused.
    private mutating func build() throws(TensorFileError) {
        _ = try pop()
        guard case .dictionary = try top() else { throw Self.malformed("attributes are set on what is no dictionary") }
    }

    private mutating func reduce() throws(TensorFileError) {
        guard case .tuple(let tuple) = try pop(), case .global(let global) = try pop() else {
            throw Self.malformed("a call is not one of a name with arguments")
        }
        let arguments = tuple.elements
        switch global {
        case .orderedDictionary where arguments.isEmpty: stack.append(.dictionary(arena.dictionary()))
        case .rebuildParameter:
            guard case .tensor(let tensor)? = arguments.first else { throw Self.malformed("a parameter is no tensor") }
            stack.append(.tensor(tensor))
        case .rebuildTensor:
            guard arguments.count >= 4, case .storage(let storage) = arguments[0], let offset = arguments[1].integer,
                let shape = arguments[2].sizes, let strides = arguments[3].sizes
            else { throw Self.malformed("a tensor is not described as one") }
            stack.append(.tensor(TorchTensor(storage: storage, offset: offset, shape: shape, strides: strides)))
        default: throw Self.malformed("a name is called with unknown arguments")
        }
    }
}
