// SPDX-License-Identifier: MIT

public import SystemPackage

/// Networks that are known by a name and whose files are kept in a cache.
public protocol ModelCatalogue: Sendable {
    /// The names that can be asked for.
    var names: [String] { get }

    /// The file of a network's weights; nil where no network has that name.
    ///
    /// Throws where there is one, but its file cannot be had.
    func weights(named name: String) throws -> FilePath?
}

/// No networks, where none are published.
public struct NoPublishedModels: ModelCatalogue {
    /// Needs nothing.
    public init() {}

    /// None.
    public var names: [String] { [] }

    /// Nothing, for any name.
    public func weights(named name: String) -> FilePath? { nil }
}
