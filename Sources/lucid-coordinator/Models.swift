// SPDX-License-Identifier: MIT

import ArgumentParser
import Networks
import Publications

struct Models: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List or fetch the networks that were published with the method.",
        discussion: """
            EXAMPLES
              lucid-coordinator models list
              lucid-coordinator models fetch adam imagenet
              lucid-coordinator models fetch adam imagenet --queue /shared/queue
            """,
        subcommands: [List.self, Fetch.self]
    )

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the published networks, and say which are in the cache.",
            discussion: """
                EXAMPLES
                  lucid-coordinator models list
                  lucid-coordinator models list --queue /shared/queue --json
                """
        )

        @OptionGroup var cache: CacheOptions
        @OptionGroup var source: SourceOptions

        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            try withExitCodes {
                let all = PublishedNetworks.names.compactMap { Catalogue.model($0) }
                try PublishedItems.show(all, in: cache.open(), source, json: json)
            }
        }
    }

    struct Fetch: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Fetch networks to the user's cache, or to a job directory.",
            discussion: """
                What is there is not fetched again. A transfer that broke goes on where it was. What was fetched first \
                under a name is recorded by its SHA-256, and anything else under that name is refused. Proxies are \
                taken from http_proxy, https_proxy and no_proxy, further certificate authorities from LUCID_CA_FILE.

                EXAMPLES
                  lucid-coordinator models fetch adam imagenet
                  lucid-coordinator models fetch adam imagenet --mirror https://mirror.example.org/lucid
                """
        )

        @Argument(help: "The names; `models list` shows all.")
        var names: [String]

        @OptionGroup var cache: CacheOptions
        @OptionGroup var source: SourceOptions

        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            try withExitCodes {
                let wanted = try names.map { name in
                    guard let found = Catalogue.model(name) else {
                        throw UnknownPublication("network", name, PublishedNetworks.names)
                    }
                    return found
                }
                try PublishedItems.fetch(wanted, to: cache.open(), source, json: json)
            }
        }
    }
}
