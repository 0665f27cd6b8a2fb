// SPDX-License-Identifier: MIT

/// Reads the pickles of tensor files without running anything.
///
/// A pickle is a program of any protocol from 0 to 5. What builds plain values and tensors is followed; what would call
/// anything else leaves a value that only has a name, which is an error where a tensor is needed and nowhere else. Names
/// of commands are refused, since nobody should open such a file with other programs either.
struct PickleReader {
    static let limit = 1_000_000

    let arena: PickleArena
    var cursor: ByteCursor
    var stack: [PickleValue] = []
    var marks: [Int] = []
    var memo: [Int: PickleValue] = [:]
    /// Dictionaries that were made from pairs hold copies, of which there are so many.
    var copiedItems = 0
    /// The types of all storages by their keys, also of those whose tensors are in what is not kept.
    private(set) var storageTypes: [String: TorchStorageType] = [:]

    /// Where the next pickle begins, after one has been read.
    var position: Int { cursor.position }

    init(_ bytes: [UInt8], from position: Int = 0, arena: PickleArena) {
        self.arena = arena
        cursor = ByteCursor(bytes, from: position, format: torchFormat)
    }

    /// Runs the pickle to its end and returns its value.
    mutating func read() throws(TensorFileError) -> PickleValue {
        while true {
            let opcode = try cursor.byte()
            if opcode == 0x2E { return try pop() }  // STOP
            try step(opcode)
            guard stack.count <= Self.limit, memo.count <= Self.limit, marks.count <= Self.limit,
                arena.count <= Self.limit, copiedItems <= min(Self.limit, cursor.bytes.count)
            else {
                throw Self.malformed("it holds more than \(Self.limit) values")
            }
        }
    }

    private mutating func step(_ opcode: UInt8) throws(TensorFileError) {
        if try pushScalar(opcode) { return }
        if try pushText(opcode) { return }
        if try changeContainer(opcode) { return }
        if try changeStack(opcode) { return }
        if try makeObject(opcode) { return }
        throw Self.malformed("it has the unknown instruction \(opcode)")
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
        case 0x8A: try pushLong(bytes: try cursor.size(bytes: 1))  // LONG1
        case 0x8B: try pushLong(bytes: try cursor.size(bytes: 4))  // LONG4
        case 0x47:  // BINFLOAT, big-endian
            let bits = try cursor.number(bytes: 8).byteSwapped
            stack.append(.number(Double(bitPattern: bits)))
        default: return false
        }
        return true
    }

    /// Instructions that make or fill tuples, lists, sets and dictionaries.
    private mutating func changeContainer(_ opcode: UInt8) throws(TensorFileError) -> Bool {
        switch opcode {
        case 0x7D: stack.append(.dictionary(arena.dictionary()))  // EMPTY_DICT
        case 0x5D: stack.append(.list(arena.list([])))  // EMPTY_LIST
        case 0x29: stack.append(.tuple(arena.list([])))  // EMPTY_TUPLE
        case 0x64:  // DICT
            let items = try popToMark()
            stack.append(.dictionary(arena.dictionary()))
            try setItems(items)
        case 0x6C: stack.append(.list(arena.list(try popToMark())))  // LIST
        case 0x74: stack.append(.tuple(arena.list(try popToMark())))  // TUPLE
        case 0x85: stack.append(.tuple(arena.list(try pop(1))))  // TUPLE1
        case 0x86: stack.append(.tuple(arena.list(try pop(2))))  // TUPLE2
        case 0x87: stack.append(.tuple(arena.list(try pop(3))))  // TUPLE3
        case 0x73: try setItems(try pop(2))  // SETITEM
        case 0x75: try setItems(try popToMark())  // SETITEMS
        case 0x61: try append(try pop(1))  // APPEND
        case 0x65: try append(try popToMark())  // APPENDS
        case 0x8F: stack.append(.inert("a set"))  // EMPTY_SET
        case 0x90: try append(try popToMark())  // ADDITEMS
        case 0x91:  // FROZENSET
            _ = try popToMark()
            stack.append(.inert("a set"))
        default: return false
        }
        return true
    }

    /// Instructions that move values, and those that mean nothing here.
    private mutating func changeStack(_ opcode: UInt8) throws(TensorFileError) -> Bool {
        switch opcode {
        case 0x80: _ = try cursor.byte()  // PROTO
        case 0x95: _ = try cursor.read(8)  // FRAME
        case 0x28: marks.append(stack.count)  // MARK
        case 0x30:  // POP, which takes a mark where nothing else is above it
            if marks.last == stack.count { marks.removeLast() } else { _ = try pop() }
        case 0x31: _ = try popToMark()  // POP_MARK
        case 0x32: stack.append(try top())  // DUP
        case 0x70: memo[try cursor.decimal()] = try top()  // PUT
        case 0x71: memo[try cursor.size(bytes: 1)] = try top()  // BINPUT
        case 0x72: memo[try cursor.size(bytes: 4)] = try top()  // LONG_BINPUT
        case 0x94: memo[memo.count] = try top()  // MEMOIZE
        case 0x67: try recall(try cursor.decimal())  // GET
        case 0x68: try recall(try cursor.size(bytes: 1))  // BINGET
        case 0x6A: try recall(try cursor.size(bytes: 4))  // LONG_BINGET
        case 0x97: stack.append(.inert("bytes outside of the file"))  // NEXT_BUFFER
        case 0x98: _ = try top()  // READONLY_BUFFER
        default: return false
        }
        return true
    }

    // MARK: The stack

    static func malformed(_ reason: String) -> TensorFileError {
        .malformed(format: torchFormat, reason: "its pickle is broken: \(reason)")
    }

    func top() throws(TensorFileError) -> PickleValue {
        guard stack.count > marks.last ?? 0, let value = stack.last else { throw Self.malformed("a value is missing") }
        return value
    }

    mutating func pop() throws(TensorFileError) -> PickleValue {
        let value = try top()
        stack.removeLast()
        return value
    }

    mutating func pop(_ count: Int) throws(TensorFileError) -> [PickleValue] {
        guard stack.count - (marks.last ?? 0) >= count else { throw Self.malformed("a value is missing") }
        defer { stack.removeLast(count) }
        return Array(stack.suffix(count))
    }

    mutating func popToMark() throws(TensorFileError) -> [PickleValue] {
        guard let mark = marks.popLast() else { throw Self.malformed("a mark is missing") }
        defer { stack.removeSubrange(mark...) }
        return Array(stack[mark...])
    }

    private mutating func recall(_ number: Int) throws(TensorFileError) {
        guard let value = memo[number] else { throw Self.malformed("value \(number) was never kept") }
        stack.append(value)
    }

    // MARK: Values

    private mutating func pushLong(bytes count: Int) throws(TensorFileError) {
        let bytes = try cursor.read(count)
        // Longer numbers occur only as the magic number of the old format, where their low bytes tell enough.
        var value: UInt64 = bytes.last.map { $0 >= 128 } == true ? .max : 0
        for byte in bytes.prefix(8).reversed() { value = value << 8 | UInt64(byte) }
        stack.append(.integer(Int(Int64(bitPattern: value))))
    }

    private mutating func setItems(_ values: [PickleValue]) throws(TensorFileError) {
        guard values.count.isMultiple(of: 2) else { throw Self.malformed("a key has no value") }
        let dictionary: PickleDictionary
        switch try top() {
        case .dictionary(let found): dictionary = found
        case .inert, .module: return
        default: throw Self.malformed("items are set on what is no dictionary")
        }
        for index in stride(from: 0, to: values.count, by: 2) {
            if let key = values[index].string { dictionary.items.append((key, values[index + 1])) }
        }
        guard dictionary.items.count <= Self.limit else { throw Self.malformed("a dictionary is too long") }
    }

    private mutating func append(_ values: [PickleValue]) throws(TensorFileError) {
        switch try top() {
        case .list(let list):
            list.elements += values
            guard list.elements.count <= Self.limit else { throw Self.malformed("a list is too long") }
        case .inert, .module: return
        default: throw Self.malformed("values are added to what is no list or set")
        }
    }

    /// Takes a description of a storage from the stack; whole modules were once described in the same way.
    mutating func pushStorage() throws(TensorFileError) {
        guard case .tuple(let tuple) = try pop(), case let parts = tuple.elements, let kind = parts.first?.string else {
            throw Self.malformed("a storage is not described as one")
        }
        if kind == "module", parts.count >= 2, case .global(let type) = parts[1] {
            return stack.append(.global(type))
        }
        guard kind == "storage", parts.count >= 5, case .global(let global) = parts[1], let key = parts[2].string,
            let count = parts[4].integer, count >= 0
        else { throw Self.malformed("a storage is not described as one") }
        guard case .storage(let type) = global else { return stack.append(.inert(global.name)) }
        storageTypes[key] = type
        if parts.count >= 6 {
            guard case .none = parts[5] else { return stack.append(.inert("a view of a storage")) }
        }
        stack.append(.storage(TorchStorage(key: key, type: type, elementCount: count)))
    }
}
