// SPDX-License-Identifier: MIT

import FoundationEssentials
import Glibc
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

/// Everything that runs real processes, one test after another, since each takes the whole machine.
@Suite("End to end", .serialized, .timeLimit(.minutes(isLong ? 240 : 30)))
enum EndToEnd {}

/// What runs on networks of its own, beside the others, since it mostly waits for leases, caches and machines that start.
@Suite("On networks that fail", .serialized, .timeLimit(.minutes(isLong ? 240 : 30)))
enum OnNetworks {}

/// The two programs, which are built beside the tests.
enum Programs {
    static let coordinator = executablePath().removingLastComponent().appending("lucid-coordinator")
    static let worker = executablePath().removingLastComponent().appending("lucid-worker")
}

/// Folders of this package.
enum Package {
    static let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
    static let images = root.pushing("Tests/DatasetsTests/Resources")
    static let tensors = root.pushing("Tests/TensorStorageTests/Resources")
    static let resources = root.pushing("Tests/EndToEndTests/Resources")
}

/// A running process whose output goes to files; if it is forgotten it is killed, with all that it started in its group,
/// and waited for, so that no test leaves a child behind.
///
/// A crash is recorded as an issue of the test, whether the test looks at how the process ended or not.
final class RunningProgram: Sendable {
    private struct State {
        var exit: ChildProcess.Exit?
        /// The signals that the test has sent.
        var sent: Set<Int32> = []
        /// Whether the test has asked how it ended.
        var isAsked = false
        /// Whether the test has been told that it died.
        var isTold = false
    }

    /// Its command, for messages.
    private let command: String
    private let isWorker: Bool
    private let child: ChildProcess
    private let folder: TemporaryFolder
    private let state = Monitor(State())

    init(_ program: FilePath, _ arguments: [String]) throws {
        folder = try TemporaryFolder()
        command = ([program.string] + arguments).joined(separator: " ")
        isWorker = ([program.string] + arguments).contains(Programs.worker.string)
        let redirect = "exec \"$@\" </dev/null >\(folder.path)/out 2>\(folder.path)/err"
        child = try ChildProcess("/bin/sh", ["-c", redirect, "sh", program.string] + arguments)
        Fleet.add(self)
    }

    deinit {
        if exit() == nil {
            signalGroup(SIGKILL)
            // Not for ever: the end of a process that waits for a frozen file system may take as long as the frost.
            let exit = child.exit(within: .seconds(10))
            state.withLock { $0.exit = exit }
        }
        recordCrash()
        Fleet.remove(pid)
    }

    var pid: Int32 { child.pid }

    /// What it is called in messages.
    var title: String { "process \(pid) (\(command))" }

    /// Sends a signal to the process alone.
    func signal(_ number: Int32) {
        state.withLock { _ = $0.sent.insert(number) }
        kill(child.pid, number)
    }

    /// Sends a signal to the process and to all that share its group, as a terminal does.
    func signalGroup(_ number: Int32) {
        state.withLock { _ = $0.sent.insert(number) }
        kill(-child.pid, number)
    }

    /// How it ended, if it did.
    func exitNow() -> ChildProcess.Exit? {
        state.withLock { $0.isAsked = true }
        return exit()
    }

    private func exit() -> ChildProcess.Exit? {
        state.withLock { state in
            if state.exit == nil { state.exit = child.exit() }
            return state.exit
        }
    }

    /// Waits for its end, but not longer than all others on which it may depend are sound.
    func result(within limit: Duration = .seconds(120)) async throws -> ProgramResult {
        let exit = try await eventually("the end of \(title)", within: limit) { self.exitNow() }
        recordCrash()
        return ProgramResult(exit: exit, output: text("out"), complaints: text("err"))
    }

    /// What it has written to the standard error so far.
    var complaints: String { text("err") }

    /// What is wrong with how it ended, told once: a signal that the test did not send, or, where nobody has asked, the code
    /// of a worker that was not content.
    func takeCasualty(ofUnasked: Bool) -> Casualty? {
        guard let exit = exit() else { return nil }
        let isTaken = state.withLock { state in
            let isWrong =
                switch exit {
                case .signal(let number): !state.sent.contains(number)
                // As shells tell of signals.
                case .code(let code):
                    ofUnasked && isWorker && !state.isAsked && code != 0 && !state.sent.contains(code - 128)
                }
            guard isWrong, !state.isTold else { return false }
            state.isTold = true
            return true
        }
        guard isTaken else { return nil }
        return Casualty(description: "\(title) ended by \(exit): \(Fleet.words(of: complaints, atMost: 15))")
    }

    /// Makes a crash an issue of the test that runs, be it of the process or of one that it started.
    private func recordCrash() {
        if let casualty = takeCasualty(ofUnasked: false) { Issue.record("\(casualty)") }
        let complaints = complaints
        guard Fleet.tellsOfCrash(complaints),
            !state.withLock({ state in
                defer { state.isTold = true }
                return state.isTold
            })
        else { return }
        Issue.record("\(title) tells of a crash: \(Fleet.words(of: complaints, atMost: 15))")
    }

    private func text(_ name: String) -> String {
        let bytes = try? LocalFileSystem().contents(of: folder.path.appending(name), limit: 1 << 24)
        return String(decoding: bytes ?? [], as: UTF8.self)
    }
}

/// What a process left behind.
struct ProgramResult: CustomStringConvertible {
    let exit: ChildProcess.Exit
    let output: String
    let complaints: String

    var description: String { "\(exit)\n\(output)\n\(complaints)" }

    /// The output without the line's end.
    var line: String { String(output.dropLast()) }

    func json<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: Data(output.utf8))
    }
}

/// Runs a program to its end.
func run(_ program: FilePath, _ arguments: String...) async throws -> ProgramResult {
    try await RunningProgram(program, arguments).result()
}

/// Runs a program that must do what it is asked.
@discardableResult
func succeed(_ program: FilePath, _ arguments: String...) async throws -> ProgramResult {
    let result = try await RunningProgram(program, arguments).result()
    try #require(result.exit == .code(0), "\(program) \(arguments.joined(separator: " ")): \(result)")
    return result
}

/// Waits until something is so; looks often, and gives up after a long time, or at once when a program has died.
func eventually<Value>(
    _ what: String,
    within limit: Duration = .seconds(60),
    _ look: () async throws -> Value?
) async throws -> Value {
    let start = BootClock().now
    while true {
        if let value = try await look() { return value }
        try Fleet.requireAlive(waitingFor: what)
        guard start.duration(to: BootClock().now) < limit else {
            throw Unavailable("\(what), after \(limit)\(Fleet.lastWords)")
        }
        try await Task.sleep(for: .milliseconds(5))
    }
}
