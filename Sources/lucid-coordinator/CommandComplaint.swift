// SPDX-License-Identifier: MIT

import ArgumentParser
import SystemSupport

/// What is wrong with the place where a command should stand.
struct CommandComplaint: CustomStringConvertible {
    let description: String

    /// Looks at a program's arguments; nil where the parser finds its way.
    init?(_ arguments: some Collection<String>, among subcommands: [any ParsableCommand.Type]) {
        var known: Set = ["help"]
        var shown: [String] = []
        for command in subcommands {
            let settings = command.configuration
            known.formUnion([command._commandName] + settings.aliases)
            if settings.shouldDisplay { shown.append(command._commandName) }
        }
        let words = Array(arguments)
        let asked = Array(words.first == "help" ? words.dropFirst() : words[...])
        guard let first = asked.first, !known.contains(first) else { return nil }
        let wrong: String
        if !first.hasPrefix("-") {
            wrong = Self.unknown(first, among: shown)
        } else if asked.count == words.count, !Self.isOfProgram(first) {
            wrong = Self.early(words, known)
        } else {
            return nil
        }
        description = "\(wrong)\nCommands: \(shown.joined(separator: ", "))\nSee: lucid-coordinator --help"
    }

    private static func unknown(_ word: String, among commands: [String]) -> String {
        let hint = closest(to: word, among: commands).map { "; did you mean \"\($0)\"?" } ?? ""
        return "there is no command \"\(word)\"\(hint)"
    }

    /// Says where options belong, with the words in their right order where one of them is a command.
    private static func early(_ words: [String], _ known: Set<String>) -> String {
        let commands = words.indices.filter { known.contains(words[$0]) }
        // What follows an option may be its value.
        let place = commands.first { !words[$0 - 1].hasPrefix("-") } ?? commands.first
        var ordered = words
        ordered.insert(place.map { ordered.remove(at: $0) } ?? "COMMAND", at: 0)
        let line = ordered.map { $0.contains(" ") ? "'\($0)'" : $0 }.joined(separator: " ")
        return "options follow the command: lucid-coordinator \(line)"
    }

    /// Whether an option is the program's own, and not a command's.
    private static func isOfProgram(_ option: String) -> Bool {
        let isOfParser = option.hasPrefix("--generate-completion-script") || option.hasPrefix("--experimental-")
        return isOfParser || ["-h", "-help", "--help", "--help-hidden", "--version"].contains(option)
    }
}
