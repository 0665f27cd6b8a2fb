// SPDX-License-Identifier: MIT

private import RepresentationSimilarity
private import TensorStorage

extension ComparisonReport {
    /// The report as `cka.json`.
    public var json: String {
        ReportJSON.object([
            ("campaign", .text(campaign)),
            ("estimator", .text("full")),
            ("images", .integer(images)),
            ("epochs", .integer(epochs)),
            ("pairs", .list(pairs.map(Self.json))),
        ]).document
    }

    private static func json(_ pair: Pair) -> ReportJSON {
        var members: [(String, ReportJSON)] = [
            ("layer", .text(pair.layer)),
            ("a", .text(pair.a)),
            ("b", .text(pair.b)),
            ("cka", .number(pair.cka)),
            ("debiased", .number(pair.debiased)),
        ]
        if let reason = pair.reason { members.append(("reason", .text(reason.rawValue))) }
        let epochs = pair.epochs.map { epoch in
            ReportJSON.object([("cka", .number(epoch.cka)), ("debiased", .number(epoch.debiased))])
        }
        members.append(("epochs", .list(epochs)))
        return .object(members)
    }

    /// The report as `cka.csv`; undefined values are empty.
    public var csv: String {
        var lines = ["layer,layer_b,a,b,cka,debiased,reason"]
        for pair in pairs {
            let numbers = [pair.cka, pair.debiased].map { $0.flatMap(digits17) ?? "" }
            lines.append(
                ([pair.layer, "", pair.a, pair.b] + numbers + [pair.reason?.rawValue ?? ""]).joined(separator: ",")
            )
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The biased CKA as `cka.npy`: float64, layers × models × models, 1 on the diagonal, NaN where nothing was asked.
    public var ckaArray: [UInt8] { array(\.cka) }

    /// The debiased CKA as `debiased.npy`, in the same form; NaN everywhere where there are too few images for it.
    public var debiasedArray: [UInt8] { array(\.debiased, isDefined: images >= 4) }

    private func array(_ value: (Pair) -> Double?, isDefined: Bool = true) -> [UInt8] {
        let values = layers.flatMap { matrix(of: $0, value) }.map { isDefined ? $0 : .nan }
        return NumPyFile.encode(values.span, shape: [layers.count, models.count, models.count])
    }

    /// One layer's values, models × models.
    func matrix(of layer: String, _ value: (Pair) -> Double?) -> [Double] {
        let count = models.count
        let places = Dictionary(uniqueKeysWithValues: models.enumerated().map { ($1, $0) })
        var matrix = [Double](repeating: .nan, count: count * count)
        for place in 0..<count { matrix[place * (count + 1)] = 1 }
        for pair in pairs where pair.layer == layer {
            guard let a = places[pair.a], let b = places[pair.b] else { continue }
            matrix[a * count + b] = value(pair) ?? .nan
            matrix[b * count + a] = value(pair) ?? .nan
        }
        return matrix
    }

    /// Which values are undefined and why, a line for each reason, for a terminal.
    public var undefined: [String] {
        var reasons: [UndefinedReason] = []
        for case let reason? in pairs.map(\.reason) where !reasons.contains(reason) { reasons.append(reason) }
        return reasons.map { reason in
            let concerned = pairs.filter { $0.reason == reason }
            let isDebiasedAlone = concerned.allSatisfy { $0.cka != nil }
            let what = isDebiasedAlone ? "the debiased CKA" : "CKA"
            let named = concerned.prefix(3).map { "\($0.layer) \($0.a)~\($0.b)" }.joined(separator: ", ")
            let more = concerned.count > 3 ? " and \(concerned.count - 3) more" : ""
            let place = concerned.count == pairs.count ? "every pair" : named + more
            return "\(what) of \(place) is undefined: \(reason.rawValue)"
        }
    }

    /// A table for a terminal: a line a layer, a column a pair.
    public var table: String {
        var names: [String] = []
        for pair in pairs {
            let name = "\(pair.a)~\(pair.b)"
            if !names.contains(name) { names.append(name) }
        }
        let values = Dictionary(
            pairs.map { (["\($0.layer)", "\($0.a)~\($0.b)"], $0.cka.map { decimals($0, 6) } ?? "undefined") }
        ) { first, _ in first }
        let first = max(5, layers.map(\.count).max() ?? 0)
        func padded(_ text: String, _ width: Int, left: Bool = false) -> String {
            let filling = String(repeating: " ", count: max(0, width - text.count))
            return left ? text + filling : filling + text
        }
        var lines = [padded("layer", first, left: true) + names.map { "  " + padded($0, 9) }.joined()]
        for layer in layers {
            let cells = names.map { name in
                "  " + padded(values[[layer, name]] ?? "-", max(9, name.count))
            }
            lines.append(padded(layer, first, left: true) + cells.joined())
        }
        return lines.joined(separator: "\n")
    }
}
