// SPDX-License-Identifier: MIT

extension TorchTensor {
    /// Whether it has more numbers than its storage.
    var repeatsNumbers: Bool { (elementCount(shape, limit: .max) ?? .max) > storage.elementCount }

    /// How many numbers it has, after a look at whether its storage, as it is described, has all of them.
    func checkedCount(named name: String) throws(TensorFileError) -> Int {
        guard shape.count == strides.count, shape.count <= Self.axisLimit, offset >= 0, strides.allSatisfy({ $0 >= 0 })
        else {
            throw Self.malformed(name, "has no valid shape")
        }
        guard let count = elementCount(shape, limit: .max / 8) else {
            throw Self.malformed(name, "of shape \(shape) has more numbers than any file")
        }
        guard count == 0 || lastIndex < storage.elementCount else {
            throw Self.malformed(name, "reaches beyond its storage")
        }
        return count
    }

    /// Gathers the view's numbers out of its storage's bytes, in C order; how many there are is for the caller to bound.
    func gathered(from bytes: [UInt8]?, named name: String) throws(TensorFileError) -> NamedTensor {
        let count = try checkedCount(named: name)
        let type = elementType
        guard let bytes else {
            throw Self.malformed(name, "needs the storage \"\(storage.key.prefix(100))\", which is missing")
        }
        guard storage.elementCount <= bytes.count / type.byteCount else {
            throw Self.malformed(
                name,
                "needs \(storage.elementCount) numbers of a storage of \(bytes.count) bytes"
            )
        }
        if count == 0 { return NamedTensor(shape: shape, elementType: type, values: []) }
        var ordered: [UInt8] = []
        ordered.reserveCapacity(count * type.byteCount)
        var position = [Int](repeating: 0, count: shape.count)
        let inner = isContiguous ? count : 1
        var index = offset
        for _ in 0..<(count / inner) {
            ordered += bytes[(index * type.byteCount)..<((index + inner) * type.byteCount)]
            index += advance(&position)
        }
        return NamedTensor(shape: shape, elementType: type, values: type.floats(ordered))
    }

    private static func malformed(_ name: String, _ reason: String) -> TensorFileError {
        .malformed(format: torchFormat, reason: "the tensor \"\(name.prefix(100))\" \(reason)")
    }

    /// The highest index that the view reads; the largest number of all where that overflows.
    private var lastIndex: Int {
        var last = offset
        for (size, stride) in zip(shape, strides) {
            let (reach, overflow) = (size - 1).multipliedReportingOverflow(by: stride)
            let (sum, carry) = last.addingReportingOverflow(reach)
            if overflow || carry { return .max }
            last = sum
        }
        return last
    }

    private var isContiguous: Bool {
        var expected = 1
        for (size, stride) in zip(shape, strides).reversed() where size != 1 {
            if stride != expected { return false }
            expected *= size
        }
        return true
    }

    /// Goes to the next position in C order, and returns how far its number is from the last one's.
    private func advance(_ position: inout [Int]) -> Int {
        var distance = 0
        for axis in shape.indices.reversed() {
            position[axis] += 1
            distance += strides[axis]
            if position[axis] < shape[axis] { return distance }
            distance -= position[axis] * strides[axis]
            position[axis] = 0
        }
        return distance
    }
}
