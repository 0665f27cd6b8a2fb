// SPDX-License-Identifier: MIT

import Coordination
import Publications
import SystemPackage
import SystemSupport

/// What `list` and `fetch` do, whatever kind of thing was published.
enum PublishedItems {
    /// One published thing, as `--json` prints it.
    private struct Entry: Encodable {
        let name: String
        /// "cached", "absent" or "damaged".
        let state: String
        let address: String
        let path: String?
        let sha256: String?
        let bytes: Int?
    }

    /// Prints all, with what the cache has of each.
    static func show(
        _ publications: [PublishedItem],
        in cache: PublicationCache,
        _ source: SourceOptions,
        json: Bool
    ) throws {
        let entries = try publications.map { publication in
            do {
                let item = try cache.find(publication)
                return try entry(publication, item, state: item == nil ? "absent" : "cached", source)
            } catch let error as CacheError {
                Terminal.note("warning: \(error)")
                return try entry(publication, nil, state: "damaged", source)
            }
        }
        try print(entries, json: json)
    }

    /// Fetches what is not there, and prints where each is.
    static func fetch(
        _ publications: [PublishedItem],
        to cache: PublicationCache,
        _ source: SourceOptions,
        json: Bool
    ) throws {
        let client = source.client
        var entries: [Entry] = []
        for publication in publications {
            let display = FetchDisplay()
            let item = try cache.fetch(publication, by: client, options: source.options) { step in
                display.show(publication.name, step)
            }
            if let record = item.record {
                Terminal.note("\(publication.name): \(ByteCount(record.bytes)), SHA-256 \(record.sha256)")
            }
            entries.append(try entry(publication, item, state: "cached", source))
            if !json { Terminal.print(item.path.string) }
        }
        if json { try print(entries, json: true) }
    }

    private static func entry(
        _ publication: PublishedItem,
        _ item: PublicationCache.Item?,
        state: String,
        _ source: SourceOptions
    ) throws -> Entry {
        Entry(
            name: publication.name,
            state: state,
            address: "\(try publication.address(mirror: source.mirror))",
            path: item?.path.string,
            sha256: item?.record?.sha256.hexadecimal,
            bytes: item?.record?.bytes
        )
    }

    private static func print(_ entries: [Entry], json: Bool) throws {
        if json { return Terminal.print(try jsonText(entries)) }
        let width = entries.map(\.name.count).max() ?? 0
        for entry in entries {
            let name = entry.name + String(repeating: " ", count: width - entry.name.count)
            Terminal.print("\(name)  \(entry.state)  \(entry.path ?? entry.address)")
        }
    }
}

/// A name that nothing published has.
struct UnknownPublication: Error, CustomStringConvertible {
    let description: String

    init(_ kind: String, _ name: String, _ names: [String]) {
        description = "there is no published \(kind) \"\(name)\"; there are \(names.joined(separator: ", "))"
    }
}
