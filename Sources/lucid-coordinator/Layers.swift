// SPDX-License-Identifier: MIT

import ArgumentParser
import Coordination
import SystemSupport

struct Layers: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the layers of a network and their numbers of neurons.",
        discussion: """
            EXAMPLES
              lucid-coordinator layers
              lucid-coordinator layers --json
              lucid-coordinator layers weights/adam.pt
            """
    )

    @Argument(
        help:
            "A file of weights, a published name, or seeded:NUMBER; every network has the same layers, so this only checks that it can be read."
    )
    var model: String?

    @OptionGroup var source: SourceOptions

    @Flag(help: "Print JSON: a list of [name, number of neurons].")
    var json = false

    func run() throws {
        try withExitCodes {
            let layers = try LayerList(of: model, below: currentDirectory(), published: source.publishedForUser)
            Terminal.print(json ? layers.json : layers.text)
        }
    }
}
