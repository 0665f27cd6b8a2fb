// SPDX-License-Identifier: MIT

public import HTTPTransfer
internal import SystemPackage
internal import SystemSupport

/// Something to be fetched once and kept.
public struct CatalogueItem: Hashable, Sendable {
    /// What comes out of it.
    enum Kind: Hashable {
        /// A file of weights.
        case weights
        /// A folder of images; the archive holds it under this name, or it is the archive's only folder, or all of it.
        case archive(folder: String?)
    }

    /// Where it is.
    enum Source: Hashable {
        /// At a path below the catalogue's base, or a mirror's.
        case published(String)
        case elsewhere(WebAddress)
        /// A file that is there, and stays what it is.
        case file(FilePath)
    }

    /// The name by which people know it.
    public let name: String
    let kind: Kind
    let source: Source
    /// Its place in a cache, two names.
    let place: String

    init(name: String, kind: Kind, source: Source, place: String) {
        (self.name, self.kind, self.source, self.place) = (name, kind, source, place)
    }

    /// Where it is fetched from.
    ///
    /// - Parameter mirror: the base that stands for the catalogue's, if any.
    /// - Throws: `TransferError.malformedAddress`.
    /// - Returns: the address.
    public func address(mirror: WebAddress?) throws(TransferError) -> WebAddress {
        switch source {
        case .elsewhere(let address): return address
        case .file(let path): return try WebAddress(path.string)
        case .published(let path):
            if let mirror { return try mirror.below(path) }
            return try WebAddress(Catalogue.base).below(path)
        }
    }

    /// The digest that it is known to have.
    var knownDigest: ContentDigest? {
        if case .published(let path) = source { Catalogue.digests[path] } else { nil }
    }

    /// Whether the beginning of a file can be one of this kind, and not a page that says where to log in.
    func accepts(beginning: [UInt8]) -> Bool {
        guard kind == .weights else { return true }
        return beginning.starts(with: [0x50, 0x4B, 3, 4]) || beginning.first == 0x80
    }
}
