// SPDX-License-Identifier: MIT

/// Names and calls: those that tensors need are followed, all others leave a value that only has a name.
extension PickleReader {
    /// Instructions that name, call or fill objects.
    mutating func makeObject(_ opcode: UInt8) throws(TensorFileError) -> Bool {
        switch opcode {
        case 0x63: stack.append(.global(try global()))  // GLOBAL
        case 0x93:  // STACK_GLOBAL
            guard let name = try pop().string, let module = try pop().string else {
                throw Self.malformed("a name is no text")
            }
            stack.append(.global(try PickleGlobal(module: module, name: name)))
        case 0x52, 0x81:  // REDUCE, NEWOBJ
            let arguments = try pop()
            try call(try pop(), arguments)
        case 0x92:  // NEWOBJ_EX
            _ = try pop()
            let arguments = try pop()
            try call(try pop(), arguments)
        case 0x69:  // INST
            let type = try global()
            try call(.global(type), .tuple(arena.list(try popToMark())))
        case 0x6F:  // OBJ
            let values = try popToMark()
            guard let type = values.first else { throw Self.malformed("an object has no class") }
            try call(type, .tuple(arena.list(Array(values.dropFirst()))))
        case 0x62: try build()  // BUILD
        case 0x51: try pushStorage()  // BINPERSID
        case 0x50:  // PERSID
            _ = try cursor.lineBytes()
            stack.append(.inert("a storage of pickle protocol 0"))
        case 0x82, 0x83, 0x84:  // EXT1, EXT2, EXT4
            _ = try cursor.read(1 << (opcode - 0x82))
            stack.append(.inert("a registered extension"))
        default: return false
        }
        return true
    }

    private mutating func global() throws(TensorFileError) -> PickleGlobal {
        let module = try cursor.line()
        return try PickleGlobal(module: module, name: try cursor.line())
    }

    /// Attributes hold no tensor that is needed; they only tell modules from other objects.
    private mutating func build() throws(TensorFileError) {
        let state = try pop()
        guard case .inert(let name) = try top(), case .dictionary(let attributes) = state,
            attributes.items.contains(where: { ["_modules", "_parameters"].contains($0.key) })
        else { return }
        stack[stack.count - 1] = .module(name)
    }

    /// Calls of calls are followed this far.
    private static let depthLimit = 8

    private mutating func call(_ callee: PickleValue, _ arguments: PickleValue) throws(TensorFileError) {
        var (callee, arguments) = (callee, arguments)
        for _ in 0..<Self.depthLimit {
            guard case .tuple(let tuple) = arguments else { break }
            if case .inert(let name) = callee { return stack.append(.inert(name)) }
            guard case .global(let global) = callee else { break }
            // A tensor of another class: a call of what makes the tensor, that class, the call's arguments, attributes.
            guard global == .rebuildFromType, tuple.elements.count >= 3 else {
                return stack.append(try result(of: global, tuple.elements))
            }
            (callee, arguments) = (tuple.elements[0], tuple.elements[2])
        }
        throw Self.malformed("a call is not one of a name with arguments")
    }

    private mutating func result(
        of global: PickleGlobal,
        _ arguments: [PickleValue]
    ) throws(TensorFileError) -> PickleValue {
        switch global {
        case .dictionary: try dictionary(of: arguments)
        case .rebuildTensor, .rebuildTypedTensor: try tensor(of: arguments, isTyped: global == .rebuildTypedTensor)
        case .rebuildParameter:
            switch arguments.first {
            case .tensor?, .inert?: arguments[0]
            default: throw Self.malformed("a parameter is no tensor")
            }
        case .size:
            if case .tuple? = arguments.first { arguments[0] } else { .inert(global.name) }
        default: .inert(global.name)
        }
    }

    /// A dictionary, which Python 2 makes of pairs.
    private mutating func dictionary(of arguments: [PickleValue]) throws(TensorFileError) -> PickleValue {
        for argument in arguments {
            switch argument {
            case .dictionary: return argument
            case .list(let pairs), .tuple(let pairs):
                let dictionary = arena.dictionary()
                for pair in pairs.elements {
                    guard case .list(let parts) = pair.asList, parts.elements.count == 2 else {
                        throw Self.malformed("a dictionary is made of what are no pairs")
                    }
                    if let key = parts.elements[0].string { dictionary.items.append((key, parts.elements[1])) }
                }
                copiedItems += pairs.elements.count
                return .dictionary(dictionary)
            default: continue
            }
        }
        return .dictionary(arena.dictionary())
    }

    private func tensor(of arguments: [PickleValue], isTyped: Bool) throws(TensorFileError) -> PickleValue {
        guard arguments.count >= (isTyped ? 7 : 4), let offset = arguments[1].integer,
            let shape = arguments[2].sizes, let strides = arguments[3].sizes
        else { throw Self.malformed("a tensor is not described as one") }
        if case .inert(let name) = arguments[0] { return .inert(name) }
        guard case .storage(var storage) = arguments[0] else { throw Self.malformed("a tensor has no storage") }
        if isTyped {
            guard case .global(let type) = arguments[6] else { throw Self.malformed("a tensor's type is no name") }
            guard case .dataType(let type) = type else { return .inert("a tensor of the type \(type.name)") }
            let bytes = storage.elementCount.multipliedReportingOverflow(by: storage.type.byteCount)
            guard !bytes.overflow else { throw Self.malformed("a storage has too many bytes") }
            let count = bytes.partialValue / type.byteCount
            storage = TorchStorage(key: storage.key, type: .numbers(type), elementCount: count)
        }
        guard let type = storage.type.elementType else { return .inert("a tensor of \(storage.type.name)") }
        return .tensor(
            TorchTensor(storage: storage, elementType: type, offset: offset, shape: shape, strides: strides)
        )
    }
}
