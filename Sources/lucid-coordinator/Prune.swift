// SPDX-License-Identifier: MIT

import ArgumentParser
import Coordination
import JobStorage
import SystemSupport

struct Prune: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove what no campaign needs any more.",
        discussion: """
            Arrays that only campaigns needed that are done or cancelled, damaged files that were made again, what \
            workers wrote that left, and the trash. Reports and results stay. An array that a later campaign needs is \
            made again.

            EXAMPLES
              lucid-coordinator prune --queue /shared/queue --dry-run
              lucid-coordinator prune --queue /shared/queue --older 7d
            """
    )

    @OptionGroup var queue: QueueOption

    @Option(
        help: ArgumentHelp(
            "Only what was not touched for so long, \(TimeSpan.forms); 30d by default.",
            valueName: "time"
        ),
        transform: { text in
            guard let span = TimeSpan(parsing: text) else {
                throw ValidationError("\"\(text)\" is no time; write one \(TimeSpan.forms)")
            }
            // A bare number is one of seconds: nobody means that here, and what goes does not come back.
            guard !text.allSatisfy(\.isNumber) else {
                throw ValidationError("\"\(text)\" has no unit; say \(text)d for days, or \(text)h for hours")
            }
            return span
        }
    )
    var older = TimeSpan(.seconds(30 * 86_400))

    @Flag(help: "Only say what would go.")
    var dryRun = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        try withExitCodes {
            let directory = try queue.open()
            let pruning = try Pruning(directory, olderThan: older.duration, seenFrom: HostIdentity.current())
            var items: [Pruning.Item] = []
            try pruning.run(isDryRun: dryRun) { item in
                items.append(item)
                if !json { Terminal.print(Self.line(item)) }
            }
            let bytes = items.reduce(0) { $0 + $1.bytes }
            if json { Terminal.print(try jsonText(Summary(items: items, bytes: bytes, dryRun: dryRun))) }
            let end = dryRun ? "would go" : items.count == 1 ? "is gone" : "are gone"
            Terminal.note("\(counted(items.count, "thing")), \(ByteCount(bytes)), \(end)")
        }
    }

    /// What it is first, for a digest says little.
    private static func line(_ item: Pruning.Item) -> String {
        let campaigns =
            item.campaigns.isEmpty ? "" : "\tfor \(item.campaigns.map(\.description).joined(separator: ", "))"
        return "\(item.kind.rawValue)\t\(item.name)\t\(ByteCount(item.bytes))\t\(item.what)\(campaigns)"
    }

    private struct Summary: Encodable {
        let items: [Pruning.Item]
        let bytes: Int
        let dryRun: Bool

        enum CodingKeys: String, CodingKey {
            case items, bytes
            case dryRun = "dry_run"
        }
    }
}
