// SPDX-License-Identifier: MIT

public import HTTPTransfer
private import Networks
internal import SystemSupport

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
    public static func model(_ name: String) -> PublishedItem? {
        guard PublishedNetworks.contains(name) else { return nil }
        let path = "models/\(name).pt"
        return PublishedItem(name: name, kind: .weights, source: .published(path), place: path)
    }

    /// A published data set; nil for any other name.
    public static func dataset(_ name: String) -> PublishedItem? {
        guard let folder = datasets.first(where: { $0.name == name })?.folder else { return nil }
        return PublishedItem(
            name: name,
            kind: .archive(folder: folder),
            source: .published("data/\(folder).zip"),
            place: "datasets/\(folder)"
        )
    }

    /// An archive of images at any address.
    public static func archive(at address: WebAddress) -> PublishedItem {
        let digest = ContentDigest(of: address.identity).prefix(16)
        return PublishedItem(
            name: address.description,
            kind: .archive(folder: nil),
            source: .elsewhere(address),
            place: "archives/\(digest)"
        )
    }
}
