// SPDX-License-Identifier: MIT

import Glibc
import JobStorage
import SystemPackage
import SystemSupport

// Parts of the life of a queue of many small jobs, each timed and its file system calls counted. compare.py runs them
// in order; each prints a line of JSON.
// Usage: queue-benchmark publish|tokens|work|compete|restart|status|idle QUEUE NUMBER [--no-sync] [--workers N]
// NUMBER: jobs to publish or run, seconds to be idle.

let arguments = CommandLine.arguments
guard arguments.count > 3, let number = Int(arguments[3]) else {
    throw BenchmarkError(
        "usage: queue-benchmark publish|tokens|work|compete|restart|status|idle QUEUE NUMBER [OPTIONS]"
    )
}
let fileSystem = MeteredFileSystem(isSyncing: !arguments.contains("--no-sync"))
let workers = arguments.firstIndex(of: "--workers").flatMap { Int(arguments[$0 + 1]) } ?? 1
let directory = try JobDirectory.create(at: FilePath(arguments[2]), fileSystem: fileSystem)
let part = try Part(directory: directory, fileSystem)

switch arguments[1] {
case "publish": try part.publish(number).write()
case "tokens": try part.moveTokens(number).write()
case "work": try part.work(number, workers: workers).write()
case "compete":
    // All competitors start when they are told.
    print("ready")
    fflush(nil)
    _ = readLine()
    try part.work(nil, workers: workers).write()
case "restart": try part.restart().write()
case "status": try part.status().write()
case "idle": try part.idle(workers: workers, seconds: number).write()
default: throw BenchmarkError("there is no part \"\(arguments[1])\"")
}
