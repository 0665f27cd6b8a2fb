// SPDX-License-Identifier: MIT

extension TorchTensor {
    /// Gathers the view's numbers out of its storage's bytes, in C order; how many there are is for the caller to bound.
    func gathered(from bytes: [UInt8], named name: String) throws(TensorFileError) -> NamedTensor {
        func malformed(_ reason: String) -> TensorFileError {
            .malformed(format: torchFormat, reason: "the tensor \"\(name)\" \(reason)")
        }
        let type = elementType
        guard storage.elementCount <= bytes.count / type.byteCount else {
            throw malformed("needs \(storage.elementCount) numbers of a storage of \(bytes.count) bytes")
        }
        guard shape.count == strides.count, shape.count <= Self.axisLimit, offset >= 0, strides.allSatisfy({ $0 >= 0 })
        else {
            throw malformed("has no valid shape")
        }
        guard let count = TensorStorage.elementCount(shape, limit: .max / 8) else {
            throw malformed("of shape \(shape) has more numbers than any file")
        }
        if count == 0 { return NamedTensor(shape: shape, elementType: type, values: []) }
        guard lastIndex < storage.elementCount else { throw malformed("reaches beyond its storage") }
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
