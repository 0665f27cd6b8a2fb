// SPDX-License-Identifier: MIT

public import Logging
public import SystemPackage
private import SystemSupport

/// Worker processes on this machine that a coordinator started and starts again when they crash.
public final class LocalWorkers {
    private let program: FilePath
    private let arguments: [String]
    private let logger: Logger
    private var places: [ChildProcess?] = []
    private var restartsLeft: Int

    /// Starts workers that share the machine's processors evenly.
    ///
    /// They leave when every campaign has ended, or when this process does.
    ///
    /// - Throws: `MissingProgram` where the program is not there; `FileError` where it cannot be started.
    public init(_ count: Int, queue: FilePath, program: FilePath, logger: Logger) throws {
        if count > 0, try !LocalFileSystem().isPresent(program) { throw MissingProgram(program: program) }
        let threads = max(1, processorCount() / max(1, count))
        self.program = program
        self.logger = logger
        arguments = [
            "--queue", queue.string, "--threads", "\(threads)", "--until-empty", "--end-with-parent", "--quiet",
        ]
        restartsLeft = 3 * count
        for _ in 0..<count { places.append(try ChildProcess(program, arguments)) }
    }

    /// Looks after the processes: while work is left, those that ended are started again, a bounded number of times.
    ///
    /// Returns how many run.
    public func tend(isWorkLeft: Bool) -> Int {
        for index in places.indices {
            if let process = places[index] {
                guard let exit = process.exit() else { continue }
                places[index] = nil
                if exit != .code(0) {
                    logger.warning("local worker died", metadata: ["pid": "\(process.pid)", "exit": "\(exit)"])
                }
            }
            guard isWorkLeft, restartsLeft > 0 else { continue }
            restartsLeft -= 1
            do throws(FileError) { places[index] = try ChildProcess(program, arguments) } catch {
                logger.error("local worker not started", metadata: ["error": "\(error)"])
            }
        }
        return places.count { $0 != nil }
    }

    /// Asks all to hand back their jobs and leave, and waits until they have, or until the time is over.
    public func stop(within limit: Duration) {
        var running = places.compactMap { $0 }
        for process in running { process.terminate() }
        let start = BootClock().now
        let never = Monitor(())
        while !running.isEmpty, start.duration(to: BootClock().now) < limit {
            running.removeAll { $0.exit() != nil }
            if !running.isEmpty { _ = never.wait(atMost: .milliseconds(50)) { _ in nil as Void? } }
        }
    }
}

/// A program of this package that is not where it should be.
public struct MissingProgram: Error, Equatable, Sendable, CustomStringConvertible {
    /// Where it should be.
    public let program: FilePath

    /// What is missing, and how to get it.
    public var description: String { "there is no \"\(program)\"; build it with: swift build" }
}
