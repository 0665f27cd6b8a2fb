// SPDX-License-Identifier: MIT

/// What a restricted pickle can hold.
enum PickleValue {
    case none
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case tuple(PickleList)
    case list(PickleList)
    case dictionary(PickleDictionary)
    /// What nothing here needs, by its name.
    case inert(String)
    /// An object with modules or parameters of its own, by its class.
    case module(String)
    // Boxed, so that the plain values, of which a file may hold a million, stay small.
    indirect case global(PickleGlobal)
    indirect case storage(TorchStorage)
    indirect case tensor(TorchTensor)

    var integer: Int? {
        if case .integer(let value) = self { value } else { nil }
    }

    var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// A tuple as the list that it is here; nothing else changes.
    var asList: PickleValue {
        if case .tuple(let list) = self { .list(list) } else { self }
    }

    /// The values of a tuple of sizes, no longer than any tensor's.
    ///
    /// One tuple may serve any number of tensors, each of which keeps a copy: a long one would be multiplied.
    var sizes: [Int]? {
        guard case .tuple(let tuple) = self, tuple.elements.count <= TorchTensor.axisLimit else { return nil }
        let numbers = tuple.elements.compactMap(\.integer)
        return numbers.count == tuple.elements.count ? numbers : nil
    }
}

/// A tuple, or a list to which later opcodes append.
final class PickleList {
    var elements: [PickleValue]

    init(_ elements: [PickleValue]) { self.elements = elements }
}

/// A dictionary in the order of its items; keys that are no strings are left out.
final class PickleDictionary {
    var items: [(key: String, value: PickleValue)] = []
}

/// Keeps all containers of a pickle, and takes them apart one by one in the end.
///
/// Containers may hold each other, in circles or a million deep, where freeing the outermost would
/// overflow the stack. Values of a pickle are good as long as its arena lives.
final class PickleArena {
    private var lists: [PickleList] = []
    private var dictionaries: [PickleDictionary] = []

    /// How many containers there are.
    var count: Int { lists.count + dictionaries.count }

    func list(_ elements: [PickleValue]) -> PickleList {
        let list = PickleList(elements)
        lists.append(list)
        return list
    }

    func dictionary() -> PickleDictionary {
        let dictionary = PickleDictionary()
        dictionaries.append(dictionary)
        return dictionary
    }

    deinit {
        for list in lists { list.elements = [] }
        for dictionary in dictionaries { dictionary.items = [] }
    }
}

/// A block of numbers that tensors are views of.
struct TorchStorage {
    let key: String
    let type: TorchStorageType
    let elementCount: Int
}

/// A view of a storage, in elements.
struct TorchTensor {
    /// The most axes that a tensor may have, which is also NumPy's bound.
    static let axisLimit = 32

    let storage: TorchStorage
    let elementType: ElementType
    let offset: Int
    let shape: [Int]
    let strides: [Int]
}
