// SPDX-License-Identifier: MIT

public import HTTPTransfer
private import Networks
public import SystemPackage
public import SystemSupport

/// The networks and data sets that were published with the method, by their names there.
public enum Catalogue {
    /// Where they were published.
    public static let base = "https://users.renyi.hu/~gergopool/celebalucid/"

    /// The names of the data sets, each with the folder that its archive holds.
    public static let datasets: [(name: String, folder: String)] = [
        ("celeba", "test_only_celeba"), ("imagenet", "imagenet-256"),
    ]

    /// The digests that are known, by the path below the base.
    static let digests: [String: ContentDigest] = [:]

    /// A published network; nil for any other name.
    public static func model(_ name: String) -> CatalogueItem? {
        guard NetworkCatalogue.contains(name) else { return nil }
        let path = "models/\(name).pt"
        return CatalogueItem(name: name, kind: .weights, source: .published(path), place: path)
    }

    /// A published data set; nil for any other name.
    public static func dataset(_ name: String) -> CatalogueItem? {
        guard let folder = datasets.first(where: { $0.name == name })?.folder else { return nil }
        return CatalogueItem(
            name: name,
            kind: .archive(folder: folder),
            source: .published("data/\(folder).zip"),
            place: "datasets/\(folder)"
        )
    }

    /// An archive of images at any address.
    public static func archive(at address: WebAddress) -> CatalogueItem {
        let digest = ContentDigest(of: address.identity).prefix(16)
        return CatalogueItem(
            name: address.description,
            kind: .archive(folder: nil),
            source: .elsewhere(address),
            place: "archives/\(digest)"
        )
    }

    /// An archive of images in a file, which is known by its content.
    public static func archive(in file: FilePath) throws(FileError) -> CatalogueItem {
        let digest = try ContentDigest(ofFile: file)
        return CatalogueItem(
            name: file.string,
            kind: .archive(folder: nil),
            source: .file(file),
            place: "archives/file-\(digest.prefix(16))"
        )
    }
}
