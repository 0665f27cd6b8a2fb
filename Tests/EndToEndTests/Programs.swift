// SPDX-License-Identifier: MIT

import FoundationEssentials
import Glibc
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

/// Everything that runs real processes, one test after another, since each takes the whole machine.
@Suite("End to end", .serialized)
enum EndToEnd {}

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
final class RunningProgram: Sendable {
    private let child: ChildProcess
    private let folder: TemporaryFolder
    private let ended = Monitor<ChildProcess.Exit?>(nil)

    init(_ program: FilePath, _ arguments: [String]) throws {
        folder = try TemporaryFolder()
        let redirect = "exec \"$@\" </dev/null >\(folder.path)/out 2>\(folder.path)/err"
        child = try ChildProcess("/bin/sh", ["-c", redirect, "sh", program.string] + arguments)
    }

    deinit {
        guard exitNow() == nil else { return }
        signalGroup(SIGKILL)
        // Not for ever: the end of a process that waits for a frozen file system may take as long as the frost.
        _ = child.exit(within: .seconds(10))
    }

    var pid: Int32 { child.pid }

    /// Sends a signal to the process alone.
    func signal(_ number: Int32) { kill(child.pid, number) }

    /// Sends a signal to the process and to all that share its group, as a terminal does.
    func signalGroup(_ number: Int32) { kill(-child.pid, number) }

    /// How it ended, if it did.
    func exitNow() -> ChildProcess.Exit? {
        ended.withLock { known in
            if known == nil { known = child.exit() }
            return known
        }
    }

    /// Waits for its end.
    func result(within limit: Duration = .seconds(120)) async throws -> ProgramResult {
        let exit = try await eventually("the end of process \(pid)", within: limit) { self.exitNow() }
        return ProgramResult(exit: exit, output: text("out"), complaints: text("err"))
    }

    /// What it has written to the standard error so far.
    var complaints: String { text("err") }

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

/// Waits until something is so; looks often, and gives up after a long time.
func eventually<Value>(
    _ what: String,
    within limit: Duration = .seconds(60),
    _ look: () throws -> Value?
) async throws -> Value {
    let start = BootClock().now
    while true {
        if let value = try look() { return value }
        guard start.duration(to: BootClock().now) < limit else { throw Unavailable("\(what), after \(limit)") }
        try await Task.sleep(for: .milliseconds(5))
    }
}
