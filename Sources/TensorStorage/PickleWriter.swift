// SPDX-License-Identifier: MIT

/// Writes the pickle of a state dictionary in the second protocol, which is what `torch.save` uses.
struct PickleWriter {
    private var bytes: [UInt8] = [0x80, 2]  // PROTO 2

    /// The pickle, ended.
    consuming func finished() -> [UInt8] { bytes + [0x2E] }  // STOP

    /// An ordered dictionary of tensors, each with a storage of its own whose key is the tensor's number.
    mutating func writeStateDictionary(_ tensors: [StoredTensor]) {
        writeOrderedDictionary()
        bytes.append(0x28)  // MARK
        for (number, tensor) in tensors.enumerated() {
            write(tensor.name)
            write(tensor, storage: "\(number)")
        }
        bytes.append(0x75)  // SETITEMS
    }

    private mutating func write(_ tensor: StoredTensor, storage: String) {
        writeGlobal("torch._utils", "_rebuild_tensor_v2")
        bytes += [0x28, 0x28]  // MARK of the arguments, MARK of the storage
        write("storage")
        writeGlobal("torch", torchStorageName(of: tensor.elementType))
        write(storage)
        write("cpu")
        write(tensor.elementCount)
        bytes += [0x74, 0x51]  // TUPLE, BINPERSID
        write(0)  // The offset in the storage.
        writeTuple(tensor.shape)
        writeTuple(contiguousStrides(tensor.shape))
        bytes.append(0x89)  // NEWFALSE: it asks for no gradient
        writeOrderedDictionary()  // No hooks of the backward pass.
        bytes += [0x74, 0x52]  // TUPLE, REDUCE
    }

    private mutating func writeOrderedDictionary() {
        writeGlobal("collections", "OrderedDict")
        bytes += [0x29, 0x52]  // EMPTY_TUPLE, REDUCE
    }

    private mutating func writeGlobal(_ module: String, _ name: String) {
        bytes += [0x63] + Array("\(module)\n\(name)\n".utf8)  // GLOBAL
    }

    private mutating func write(_ text: String) {
        bytes.append(0x58)  // BINUNICODE
        appendLittleEndian(UInt32(text.utf8.count), to: &bytes)
        bytes += Array(text.utf8)
    }

    private mutating func write(_ number: Int) {
        if let small = Int32(exactly: number) {
            bytes.append(0x4A)  // BININT
            appendLittleEndian(small, to: &bytes)
        } else {
            bytes += [0x8A, 8]  // LONG1
            appendLittleEndian(number, to: &bytes)
        }
    }

    private mutating func writeTuple(_ numbers: [Int]) {
        bytes.append(0x28)  // MARK
        for number in numbers { write(number) }
        bytes.append(0x74)  // TUPLE
    }
}

/// How far apart neighbours along each axis lie in C order.
private func contiguousStrides(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * max(1, shape[axis + 1]) }
    return strides
}
