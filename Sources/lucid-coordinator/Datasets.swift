// SPDX-License-Identifier: MIT

import ArgumentParser
import Publications

struct Datasets: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List or fetch the data sets that were published with the method.",
        discussion: """
            EXAMPLES
              lucid-coordinator datasets list
              lucid-coordinator datasets fetch celeba
              lucid-coordinator datasets fetch celeba --queue /shared/queue
            """,
        subcommands: [List.self, Fetch.self]
    )

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the published data sets, and say which are in the cache.",
            discussion: """
                EXAMPLES
                  lucid-coordinator datasets list
                  lucid-coordinator datasets list --queue /shared/queue --json
                """
        )

        @OptionGroup var cache: CacheOptions
        @OptionGroup var source: SourceOptions

        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            try withExitCodes {
                let all = Catalogue.datasets.map(\.name).compactMap { Catalogue.dataset($0) }
                try PublishedItems.show(all, in: cache.open(), source, json: json)
            }
        }
    }

    struct Fetch: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Fetch data sets to the user's cache, or to a job directory.",
            discussion: """
                What is there is not fetched again. A transfer that broke goes on where it was. What was fetched first \
                under a name is recorded by its SHA-256, and anything else under that name is refused. Proxies are \
                taken from http_proxy, https_proxy and no_proxy, further certificate authorities from LUCID_CA_FILE.

                EXAMPLES
                  lucid-coordinator datasets fetch celeba
                  lucid-coordinator datasets fetch celeba --mirror https://mirror.example.org/lucid
                """
        )

        @Argument(help: "The names; `datasets list` shows all.")
        var names: [String]

        @OptionGroup var cache: CacheOptions
        @OptionGroup var source: SourceOptions

        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            try withExitCodes {
                let wanted = try names.map { name in
                    guard let found = Catalogue.dataset(name) else {
                        throw UnknownPublication("data set", name, Catalogue.datasets.map(\.name))
                    }
                    return found
                }
                try PublishedItems.fetch(wanted, to: cache.open(), source, json: json)
            }
        }
    }
}
