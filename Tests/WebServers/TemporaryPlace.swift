// SPDX-License-Identifier: MIT

internal import Glibc
public import SystemPackage
public import SystemSupport

/// A folder of its own for one test, gone with this value.
public final class TemporaryPlace: Sendable {
    /// Where it is.
    public let path: FilePath

    /// Makes an empty folder.
    public init() throws {
        path = FilePath("/tmp/lucid-web-\(UInt64.random(in: .min ... .max))")
        try LocalFileSystem().makeDirectory(path)
    }

    deinit {
        try? LocalFileSystem().removeTree(path)
    }

    /// Writes a file below the folder, with the folders that it needs, and returns its path.
    @discardableResult
    public func write(_ name: String, _ bytes: [UInt8]) throws -> FilePath {
        let file = path.below(name)
        try LocalFileSystem().makeDirectories(file.parent)
        try LocalFileSystem().overwrite(file, contents: bytes)
        return file
    }
}

/// Why a test cannot go on.
public struct Unprepared: Error {
    /// What is missing or went wrong.
    public let what: String
}

/// Bytes that look like nothing, the same for the same seed.
public func noise(_ count: Int, seed: UInt64) -> [UInt8] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    return (0..<count).map { _ in
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return UInt8(truncatingIfNeeded: state >> 32)
    }
}

/// Runs a program of the system to its end.
public func runTool(_ program: String, _ arguments: [String]) throws {
    let child = try ChildProcess(FilePath("/usr/bin/env"), [program] + arguments)
    guard try ended(child, within: .seconds(30)) == .code(0) else {
        throw Unprepared(what: "\(program) \(arguments.joined(separator: " "))")
    }
}

/// How a process ends that ends soon; one that does not is killed, since it would hold this process's streams open.
public func ended(_ child: ChildProcess, within limit: Duration) throws -> ChildProcess.Exit {
    guard let exit = child.exit(within: limit) else {
        kill(-child.pid, SIGKILL)
        _ = child.exit(within: .seconds(10))
        throw Unprepared(what: "the end of process \(child.pid), after \(limit)")
    }
    return exit
}
