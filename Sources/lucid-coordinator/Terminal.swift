// SPDX-License-Identifier: MIT

import Logging
import SystemPackage
import SystemSupport

/// What a person sees: results on the standard output, all else on the standard error.
enum Terminal {
    /// Prints a line of results.
    static func print(_ text: String) {
        _ = try? FileDescriptor.standardOutput.writeAll(Array("\(harmless(text))\n".utf8))
    }

    /// Prints a line for people.
    static func note(_ text: String) {
        _ = try? FileDescriptor.standardError.writeAll(Array("\(harmless(text))\n".utf8))
    }

    /// The text without what a terminal would obey: names of files and messages of others may hold anything.
    private static func harmless(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { isControl($0) ? "\u{fffd}" : $0 }))
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.generalCategory == .control && scalar != "\n" && scalar != "\t"
    }

    /// Prints an error.
    static func complain(_ text: String) { note("lucid-coordinator: \(text)") }

    /// Sends warnings of the services to the standard error.
    static func startLogging() {
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = .warning
            return handler
        }
    }
}

/// A line that is written over in place on a terminal, and now and then anew elsewhere.
final class ProgressLine: Sendable {
    private let isLive = isTerminal(2)
    private let state = Monitor(State())

    private struct State {
        var lastShown: BootClock.Instant?
        var lastText = ""
        var rows = 0
    }

    /// Shows how things stand; too often is no harm.
    func show(_ lines: [String], now: BootClock.Instant = BootClock().now) {
        let interval: Duration = isLive ? .milliseconds(200) : .seconds(5)
        state.withLock { state in
            if let last = state.lastShown, last.duration(to: now) < interval { return }
            let text = lines.joined(separator: "\n")
            guard isLive || text != state.lastText else { return }
            state.lastShown = now
            state.lastText = text
            let back = isLive && state.rows > 0 ? "\u{1b}[\(state.rows)F\u{1b}[J" : ""
            state.rows = lines.count
            _ = try? FileDescriptor.standardError.writeAll(Array("\(back)\(text)\n".utf8))
        }
    }

    /// Forgets what was shown, so that the next lines stand below it.
    func settle() {
        state.withLock { $0 = State() }
    }
}
