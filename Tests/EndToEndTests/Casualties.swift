// SPDX-License-Identifier: MIT

import SystemSupport
import Testing

/// A program that ended as no test asked it to, in its own last words.
struct Casualty: Error, CustomStringConvertible {
    let description: String
}

/// The programs that tests have started and not forgotten, so that whoever waits for one of them sees at once when another
/// of the same test, on which it may depend, has died.
enum Fleet {
    private struct Member: Sendable {
        weak let program: RunningProgram?
        let test: Test.ID?
    }

    private static let members = Monitor<[Int32: Member]>([:])

    static func add(_ program: RunningProgram) {
        members.withLock { $0[program.pid] = Member(program: program, test: Test.current?.id) }
    }

    static func remove(_ pid: Int32) {
        // Its number may already be a newer one's.
        members.withLock { if $0[pid]?.program == nil { $0[pid] = nil } }
    }

    /// Those of the test that asks.
    private static var programs: [RunningProgram] {
        let test = Test.current?.id
        return members.withLock { members in members.values.filter { $0.test == test }.compactMap(\.program) }
    }

    /// Throws where one of the programs has died.
    static func requireAlive(waitingFor what: String) throws(Casualty) {
        for program in programs {
            guard let casualty = program.takeCasualty(ofUnasked: true) else { continue }
            throw Casualty(description: "while a test waited for \(what): \(casualty)")
        }
    }

    /// What the programs have said last, for whoever gives up waiting.
    static var lastWords: String {
        programs.map { "\n\($0.title): \(words(of: $0.complaints, atMost: 5))" }.joined()
    }

    /// The top of the first stack trace in what a program has written, or else the last lines.
    static func words(of complaints: String, atMost count: Int) -> String {
        let lines = complaints.split(separator: "\n")
        let first = lines.firstIndex { line in
            isCrashSign(line) || ["Fatal error: ", "local worker died"].contains { line.contains($0) }
        }
        let told = first.map { lines[$0...].prefix(count + 15) } ?? lines.suffix(count)
        return told.isEmpty ? "no word" : told.joined(separator: "\n")
    }

    /// Whether a program, or one that it has started and whose end it tells, has crashed by what it has written.
    static func tellsOfCrash(_ complaints: String) -> Bool {
        complaints.split(separator: "\n").contains { line in
            isCrashSign(line)
                || line.contains("local worker died") && crashes.contains { line.contains("signal(\($0))") }
        }
    }

    /// Whether a stack trace of Swift's begins with a line, for terminals or for files.
    private static func isCrashSign(_ line: Substring) -> Bool {
        ["💣", "*** Program crashed", "*** Signal "].contains { line.hasPrefix($0) }
    }

    /// Signals by which a program ends that did what it may not: SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE and SIGSEGV.
    private static let crashes: [Int32] = [4, 5, 6, 7, 8, 11]
}
