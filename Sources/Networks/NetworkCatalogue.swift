// SPDX-License-Identifier: MIT

/// The networks that were published with the method, by their names there.
public enum NetworkCatalogue {
    /// The names; each may also be asked for with "-bn", for its variant with batch norm.
    public static let names: [String] =
        ["imagenet", "sgd", "adam", "adam_overfit"]
        + ["img", "in1", "in2", "in3"].flatMap { start in ["gn1", "gn2", "gn3"].map { "\(start)-\($0)" } }

    /// Whether a name is a published network's, with or without batch norm.
    public static func contains(_ name: String) -> Bool { names.contains(plainName(name)) }

    /// Whether a name is that of a published network with batch norm.
    public static func usesBatchNorm(_ name: String) -> Bool { contains(name) && plainName(name) != name }

    private static func plainName(_ name: String) -> String {
        name.hasSuffix("-bn") ? String(name.dropLast(3)) : name
    }
}
