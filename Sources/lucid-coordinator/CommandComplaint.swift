// SPDX-License-Identifier: MIT

import ArgumentParser
import SystemSupport

/// A first word that is no command.
struct UnknownCommand: CustomStringConvertible {
    private let word: String
    private let commands: [String]

    /// Looks at a program's arguments; nil where the parser finds its way.
    init?(_ arguments: some Collection<String>, among subcommands: [any ParsableCommand.Type]) {
        guard let first = arguments.first, !first.hasPrefix("-"), first != "help" else { return nil }
        var known: [String] = []
        var shown: [String] = []
        for command in subcommands {
            let settings = command.configuration
            known.append(command._commandName)
            known += settings.aliases
            if settings.shouldDisplay { shown.append(command._commandName) }
        }
        guard !known.contains(first) else { return nil }
        word = first
        commands = shown
    }

    var description: String {
        let hint = closest(to: word, among: commands).map { "; did you mean \"\($0)\"?" } ?? ""
        return """
            there is no command "\(word)"\(hint)
            Commands: \(commands.joined(separator: ", "))
            See: lucid-coordinator --help
            """
    }
}
