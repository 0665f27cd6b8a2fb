// SPDX-License-Identifier: MIT

/// Where training programs keep a model's tensors in their checkpoints, the likeliest name first.
private let wrappers = ["state_dict", "model_state_dict", "model", "net", "network"]

/// Wrappers around wrappers are followed this far; a dictionary may hold itself.
private let depthLimit = 8

/// Finds the dictionary that holds a model's tensors: a file's own value, or one below it in a checkpoint.
///
/// A dictionary under a name that is known for it is taken first; else the only one with tensors in it.
///
/// - Throws: `TensorFileError` where there is none, or several and nothing tells which.
/// - Returns: the dictionary, and which one it is where there were others.
func stateDictionary(
    in value: PickleValue
) throws(TensorFileError) -> (dictionary: PickleDictionary, remark: String?) {
    guard case .dictionary(var dictionary) = value else { throw noDictionary(value) }
    var remark: String?
    for _ in 0..<depthLimit {
        guard let wrapped = try dictionary.wrapped() else { break }
        if !wrapped.others.isEmpty { remark = chosen(wrapped.key, wrapped.others) }
        dictionary = wrapped.dictionary
    }
    if !dictionary.holdsTensors { try dictionary.refuseModules() }
    return (dictionary, remark)
}

/// Says what a file holds that is no dictionary.
private func noDictionary(_ value: PickleValue) -> TensorFileError {
    let found =
        switch value {
        case .module(let name): "it holds a whole module of the class \(name), which only its own program can load"
        case .inert(let name), .global(.other(let name)): "it holds \(name), and no dictionary of tensors"
        case .tensor: "it holds a single tensor, and no dictionary of them"
        default: "it holds no dictionary of tensors"
        }
    return .refused(format: torchFormat, reason: "\(found); \(savingRemedy)")
}

private func chosen(_ key: String, _ others: [String]) -> String {
    let count = others.count == 1 ? "" : " \(others.count)"
    return
        "the file has several dictionaries of tensors: \"\(key)\" was taken, and the other\(count) not (\(listed(others))); "
        + "to use another, save it alone"
}

private func listed(_ names: [String]) -> String {
    names.prefix(6).map { "\"\($0.prefix(40))\"" }.joined(separator: ", ")
}

extension PickleDictionary {
    /// What a dictionary of a checkpoint holds the tensors in; nil where it holds them itself, or nothing does.
    fileprivate func wrapped() throws(TensorFileError) -> (
        key: String, dictionary: PickleDictionary, others: [String]
    )? {
        let inner = items.compactMap { item in
            if case .dictionary(let dictionary) = item.value { (key: item.key, dictionary: dictionary) } else { nil }
        }
        // A dictionary may stand under thousands of names.
        var known: [ObjectIdentifier: Bool] = [:]
        let candidates = inner.filter { item in
            let identity = ObjectIdentifier(item.dictionary)
            let holds = known[identity] ?? item.dictionary.holdsTensorsBelow
            known[identity] = holds
            return holds
        }
        // Where none has tensors, a known name says best what is missing.
        for name in wrappers {
            guard let known = (candidates.isEmpty ? inner : candidates).last(where: { $0.key == name }) else {
                continue
            }
            let others = Set(candidates.map(\.key)).subtracting([name]).sorted()
            return (name, known.dictionary, others)
        }
        if holdsTensors { return nil }
        let direct = candidates.filter(\.dictionary.holdsTensors)
        if direct.count > 1 {
            throw .refused(
                format: torchFormat,
                reason:
                    "it holds several dictionaries of tensors, \(listed(direct.map(\.key))); save one alone: "
                    + "torch.save({\"state_dict\": checkpoint[\"\(direct[0].key.prefix(40))\"]}, \"weights.pt\")"
            )
        }
        return direct.first.map { ($0.key, $0.dictionary, []) }
    }

    fileprivate var holdsTensors: Bool {
        items.contains { if case .tensor = $0.value { true } else { false } }
    }

    /// Whether tensors are in it, or in a dictionary in it.
    private var holdsTensorsBelow: Bool {
        holdsTensors
            || items.contains { if case .dictionary(let inner) = $0.value { inner.holdsTensors } else { false } }
    }

    /// Names the first whole module that stands where a state dictionary should.
    fileprivate func refuseModules() throws(TensorFileError) {
        for case (let key, .module(let name)) in items {
            throw .refused(
                format: torchFormat,
                reason:
                    "its \"\(key.prefix(40))\" is a whole module of the class \(name), which only its own program can "
                    + "load; \(savingRemedy)"
            )
        }
    }
}

extension PickleValue {
    /// The name of what is no tensor and might have been one; nil for tensors and plain values.
    var inertName: String? {
        switch self {
        case .inert(let name): name
        case .module(let name): "a module of the class \(name)"
        default: nil
        }
    }
}
