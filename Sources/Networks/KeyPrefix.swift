// SPDX-License-Identifier: MIT

extension NetworkWeights {
    /// Tensors by which a network is found in a file; one is enough.
    private static let anchors = ["conv2d0", "mixed4a_3x3", "mixed5b_5x5"].map { $0 + "_pre_relu_conv.weight" }

    /// More prefixes than a file of several networks has are not looked at.
    private static let prefixLimit = 64

    /// What stands before the names of a network's tensors in a file, for instance "module." or nothing.
    ///
    /// Wrappers of models put their names there. Of several prefixes the one with most of the network's tensors is
    /// taken, and none before any.
    ///
    /// - Parameter names: the names of all tensors of the file.
    /// - Throws: `WeightsError.severalNetworks` where two prefixes have equally many.
    /// - Returns: the prefix; empty where no tensor is a network's.
    public static func keyPrefix(in names: Set<String>) throws(WeightsError) -> String {
        let required = tensors(batchNorm: false).map(\.name)
        if required.allSatisfy(names.contains) { return "" }
        var prefixes: Set<String> = [""]
        for name in names {
            for anchor in anchors where name.hasSuffix(anchor) { prefixes.insert(String(name.dropLast(anchor.count))) }
            if prefixes.count > prefixLimit { break }
        }
        let found = prefixes.sorted().map { prefix in
            (prefix: prefix, count: required.count { names.contains(prefix + $0) })
        }
        let most = found.map(\.count).max() ?? 0
        let best = found.filter { $0.count == most }.map(\.prefix)
        // The empty prefix is the first of all texts.
        if best.count > 1, best.first != "" { throw .severalNetworks(prefixes: best) }
        return best.first ?? ""
    }
}
