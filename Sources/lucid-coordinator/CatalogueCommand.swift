// SPDX-License-Identifier: MIT

import ArgumentParser
import Downloads
import Networks

/// A kind of thing that was published with the method, as its command calls it.
protocol CatalogueKind: Sendable {
    /// The command.
    static var command: String { get }
    /// What one thing is, for messages.
    static var noun: String { get }
    /// What several are.
    static var plural: String { get }
    /// Names that the examples fetch.
    static var examples: String { get }
    /// All names, in the order in which they are listed.
    static var names: [String] { get }

    /// The thing of a name.
    static func item(_ name: String) -> CatalogueItem?
}

/// `models`.
enum ModelKind: CatalogueKind {
    static let command = "models"
    static let noun = "network"
    static let plural = "networks"
    static let examples = "adam imagenet"
    static let names = NetworkCatalogue.names

    static func item(_ name: String) -> CatalogueItem? { Catalogue.model(name) }
}

/// `datasets`.
enum DatasetKind: CatalogueKind {
    static let command = "datasets"
    static let noun = "data set"
    static let plural = "data sets"
    static let examples = "celeba"
    static let names = Catalogue.datasets.map(\.name)

    static func item(_ name: String) -> CatalogueItem? { Catalogue.dataset(name) }
}

/// Lists and fetches what was published of one kind.
struct CatalogueCommand<Kind: CatalogueKind>: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: Kind.command,
            abstract: "List or fetch the \(Kind.plural) that were published with the method.",
            discussion: """
                EXAMPLES
                  lucid-coordinator \(Kind.command) list
                  lucid-coordinator \(Kind.command) fetch \(Kind.examples)
                  lucid-coordinator \(Kind.command) fetch \(Kind.examples) --queue /shared/queue
                """,
            subcommands: [ListPublished<Kind>.self, FetchCommand<Kind>.self]
        )
    }
}

struct ListPublished<Kind: CatalogueKind>: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "list",
            abstract: "List the published \(Kind.plural), and say which are in the cache.",
            discussion: """
                EXAMPLES
                  lucid-coordinator \(Kind.command) list
                  lucid-coordinator \(Kind.command) list --queue /shared/queue --json
                """
        )
    }

    @OptionGroup var cache: CacheOptions
    @OptionGroup var source: SourceOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        try withExitCodes {
            try CatalogueItems.show(Kind.names.compactMap { Kind.item($0) }, in: cache.open(), source, json: json)
        }
    }
}

struct FetchCommand<Kind: CatalogueKind>: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "fetch",
            abstract: "Fetch \(Kind.plural) to the user's cache, or to a job directory.",
            discussion: """
                What is there is not fetched again. A transfer that broke goes on where it was. What was fetched first \
                under a name is recorded by its SHA-256, and anything else under that name is refused. Proxies are \
                taken from http_proxy, https_proxy and no_proxy, further certificate authorities from LUCID_CA_FILE.

                EXAMPLES
                  lucid-coordinator \(Kind.command) fetch \(Kind.examples)
                  lucid-coordinator \(Kind.command) fetch \(Kind.examples) --mirror https://mirror.example.org/lucid
                """
        )
    }

    @Argument(help: "The names; `\(Kind.command) list` shows all.")
    var names: [String]

    @OptionGroup var cache: CacheOptions
    @OptionGroup var source: SourceOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        try withExitCodes {
            let wanted = try names.map { name in
                guard let found = Kind.item(name) else { throw UnknownItem(Kind.noun, name, Kind.names) }
                return found
            }
            try CatalogueItems.fetch(wanted, to: cache.open(), source, json: json)
        }
    }
}
