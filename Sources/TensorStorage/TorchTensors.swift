// SPDX-License-Identifier: MIT

/// Gathers all tensors that can be read, at most `limit` numbers of them, and says of the others why not.
///
/// Tensors may share a storage, so that a small file could ask for any number of them. As many numbers
/// as the file has bytes are enough for single precision where each number is used four times.
///
/// - Parameters:
///   - value: what the file's pickle holds.
///   - limit: how many numbers all tensors may have.
///   - storage: gives a storage's bytes by its key, nil where there are none; its errors are the whole file's.
/// - Throws: `TensorFileError` where the file is damaged, or there is nothing to read.
/// - Returns: the tensors, and the errors of those that cannot be read.
func tensors(
    of value: PickleValue,
    limit: Int,
    storage: (String) throws(TensorFileError) -> [UInt8]?
) throws(TensorFileError) -> TensorFile {
    let (dictionary, remark) = try stateDictionary(in: value)
    var tensors: [String: NamedTensor] = [:]
    var unread: [String: TensorFileError] = [:]
    var views: [(key: String, view: TorchTensor)] = []
    for (key, value) in dictionary.lastItems {
        if let name = value.inertName {
            unread[key] = .refused(
                format: torchFormat,
                reason: "\"\(key.prefix(100))\" is \(name), which is not read here; save plain tensors of float32"
            )
        }
        if case .tensor(let view) = value { views.append((key, view)) }
    }
    var remaining = limit
    // Views that repeat their storage's numbers come last, so that they take no room from the others.
    for (key, view) in views.filter({ !$0.view.repeatsNumbers }) + views.filter(\.view.repeatsNumbers) {
        switch try view.gathered(as: key, remaining: &remaining, storage: storage) {
        case .success(let tensor): tensors[key] = tensor
        case .failure(let error): unread[key] = error
        }
    }
    if tensors.isEmpty { throw withoutTensors(unread) }
    return TensorFile(tensors: tensors, unread: unread, remark: remark)
}

/// Says why a dictionary of no tensors is of no use, by what stands there instead of one where anything does.
private func withoutTensors(_ unread: [String: TensorFileError]) -> TensorFileError {
    if let first = unread.min(by: { $0.key < $1.key }) { return first.value }
    return .refused(format: torchFormat, reason: "it holds no tensors; \(savingRemedy)")
}

extension PickleDictionary {
    /// The items that Python would keep: of those with the same key the last one.
    fileprivate var lastItems: [(key: String, value: PickleValue)] {
        var last: [String: Int] = [:]
        for (index, item) in items.enumerated() { last[item.key] = index }
        return items.enumerated().filter { last[$0.element.key] == $0.offset }.map(\.element)
    }
}

extension TorchTensor {
    /// Gathers the view's numbers if there is room for them, or says why it alone cannot be read.
    fileprivate func gathered(
        as name: String,
        remaining: inout Int,
        storage bytes: (String) throws(TensorFileError) -> [UInt8]?
    ) throws(TensorFileError) -> Result<NamedTensor, TensorFileError> {
        // Nothing is read, nor memory taken, for a view that cannot be.
        do throws(TensorFileError) {
            guard try checkedCount(named: name) <= remaining else { return .failure(Self.shared(by: name)) }
        } catch { return .failure(error) }
        let bytes = try bytes(storage.key)
        do throws(TensorFileError) {
            let tensor = try gathered(from: bytes, named: name)
            remaining -= tensor.values.count
            return .success(tensor)
        } catch { return .failure(error) }
    }

    private static func shared(by name: String) -> TensorFileError {
        .refused(
            format: torchFormat,
            reason: "its tensors share storages so often that with \"\(name.prefix(100))\" they hold more numbers than "
                + "the file has bytes; save clones: "
                + "torch.save({name: tensor.clone() for name, tensor in state.items()}, \"weights.pt\")"
        )
    }
}
