// SPDX-License-Identifier: MIT

/// Where training programs keep a model's tensors in their checkpoints, the likeliest name first.
private let wrappers = ["state_dict", "model_state_dict", "model", "net", "network"]

/// Wrappers around wrappers are followed this far; a dictionary may hold itself.
private let depthLimit = 8

extension PickleDictionary {
    /// The dictionary that holds the model's tensors: this one, or one below it in a checkpoint.
    ///
    /// A dictionary under a name that is known for it is taken first; else the only one with tensors in it.
    func stateDictionary() throws(TensorFileError) -> PickleDictionary {
        var dictionary = self
        for _ in 0..<depthLimit {
            guard let wrapped = try dictionary.wrapped() else { break }
            dictionary = wrapped
        }
        return dictionary
    }

    private func wrapped() throws(TensorFileError) -> PickleDictionary? {
        let inner = items.compactMap { item in
            if case .dictionary(let dictionary) = item.value { (key: item.key, dictionary: dictionary) } else { nil }
        }
        for name in wrappers {
            if let known = inner.last(where: { $0.key == name }) { return known.dictionary }
        }
        if holdsTensors { return nil }
        let candidates = inner.filter { $0.dictionary.holdsTensors }
        if candidates.count > 1 {
            let names = candidates.prefix(6).map { "\"\($0.key.prefix(40))\"" }.joined(separator: ", ")
            throw .refused(
                format: "PyTorch",
                reason: "it holds several dictionaries of tensors, \(names); save the model's state_dict() alone"
            )
        }
        return candidates.first?.dictionary
    }

    private var holdsTensors: Bool {
        items.contains { if case .tensor = $0.value { true } else { false } }
    }
}
