// SPDX-License-Identifier: MIT

import Coordination
import Downloads
import SystemPackage
import SystemSupport

/// What `list` and `fetch` do, whatever kind of thing was published.
enum CatalogueItems {
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
        _ publications: [CatalogueItem],
        in cache: DownloadCache,
        _ source: SourceOptions,
        json: Bool
    ) throws {
        let entries = try publications.map { item in
            do {
                let copy = try cache.find(item)
                return try entry(item, copy, state: copy == nil ? "absent" : "cached", source)
            } catch let error as CacheError {
                Terminal.note("warning: \(error)")
                return try entry(item, nil, state: "damaged", source)
            }
        }
        try print(entries, json: json)
    }

    /// Fetches what is not there, and prints where each is.
    static func fetch(
        _ publications: [CatalogueItem],
        to cache: DownloadCache,
        _ source: SourceOptions,
        json: Bool
    ) throws {
        let client = source.client
        var entries: [Entry] = []
        for item in publications {
            let display = FetchDisplay()
            let copy = try cache.fetch(item, by: client, options: source.options) { step in
                display.show(item.name, step)
            }
            if let record = copy.record {
                Terminal.note("\(item.name): \(ByteCount(record.bytes)), SHA-256 \(record.sha256)")
            }
            entries.append(try entry(item, copy, state: "cached", source))
            if !json { Terminal.print(copy.path.string) }
        }
        if json { try print(entries, json: true) }
    }

    private static func entry(
        _ item: CatalogueItem,
        _ copy: DownloadCache.Copy?,
        state: String,
        _ source: SourceOptions
    ) throws -> Entry {
        Entry(
            name: item.name,
            state: state,
            address: "\(try item.address(mirror: source.mirror))",
            path: copy?.path.string,
            sha256: copy?.record?.sha256.hexadecimal,
            bytes: copy?.record?.bytes
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
struct UnknownItem: Error, CustomStringConvertible {
    let description: String

    init(_ kind: String, _ name: String, _ names: [String]) {
        description = "there is no published \(kind) \"\(name)\"; there are \(names.joined(separator: ", "))"
    }
}
