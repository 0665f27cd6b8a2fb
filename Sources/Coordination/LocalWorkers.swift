// SPDX-License-Identifier: MIT

public import Logging
public import SystemPackage
public import SystemSupport

/// Worker processes on this machine that a coordinator started and starts again when they crash.
public final class LocalWorkers {
    private let program: FilePath
    private let arguments: [String]
    private let logger: Logger
    private var running: [ChildProcess] = []
    private var restartsLeft: Int

    /// Starts workers that share the machine's processors evenly.
    ///
    /// They leave when every campaign has ended, or when this process does.
    public init(_ count: Int, queue: FilePath, program: FilePath, logger: Logger) throws(FileError) {
        let threads = max(1, processorCount() / max(1, count))
        self.program = program
        self.logger = logger
        arguments = [
            "--queue", queue.string, "--threads", "\(threads)", "--until-empty", "--end-with-parent", "--quiet",
        ]
        restartsLeft = 5 * count
        for _ in 0..<count { running.append(try ChildProcess(program, arguments)) }
    }

    /// Looks after the processes: one that a signal or an error ended is started again, a bounded number of times.
    ///
    /// - Returns: how many run.
    public func tend() -> Int {
        var alive: [ChildProcess] = []
        for process in running {
            guard let exit = process.exit() else {
                alive.append(process)
                continue
            }
            guard exit != .code(0) else { continue }
            logger.warning("local worker died", metadata: ["pid": "\(process.pid)", "exit": "\(exit)"])
            guard restartsLeft > 0 else { continue }
            restartsLeft -= 1
            do throws(FileError) { alive.append(try ChildProcess(program, arguments)) } catch {
                logger.error("local worker not started", metadata: ["error": "\(error)"])
            }
        }
        running = alive
        return alive.count
    }

    /// Asks all to hand back their jobs and leave, and waits until they have, or until the time is over.
    public func stop(within limit: Duration) {
        for process in running { process.terminate() }
        let start = BootClock().now
        let never = Monitor(())
        while !running.isEmpty, start.duration(to: BootClock().now) < limit {
            running.removeAll { $0.exit() != nil }
            if !running.isEmpty { _ = never.wait(atMost: .milliseconds(50)) { _ in nil as Void? } }
        }
    }
}
