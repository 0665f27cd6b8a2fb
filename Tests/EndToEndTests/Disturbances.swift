// SPDX-License-Identifier: MIT

import Glibc
import JobStorageTestSupport
import SystemPackage
import SystemSupport
import Testing

/// What a process can be given to live with, by its environment.
enum Disturbance: CaseIterable {
    /// Nothing.
    case none
    /// Some of its renames and links are done and reported as failed.
    case unreliableRenames
    /// Its time of day is hours wrong, and jumps.
    case wrongClock

    /// The settings that bring it about, for `env`.
    func environment(_ tools: DisturbanceTools, queue: FilePath) -> [String] {
        switch self {
        case .none: []
        case .unreliableRenames:
            [
                "LD_PRELOAD=\(tools.unreliableRenames)", "LUCID_UNRELIABLE=\(queue)",
                "LUCID_UNRELIABLE_PERCENT=20", "LUCID_UNRELIABLE_COUNT=\(tools.faultFile)",
            ]
        case .wrongClock:
            [
                "LD_PRELOAD=\(tools.fakeTime)", "FAKETIME_TIMESTAMP_FILE=\(tools.clockFile)",
                "FAKETIME_CACHE_DURATION=1", "DONT_FAKE_MONOTONIC=1", "FAKETIME_DONT_FAKE_MONOTONIC=1",
            ]
        }
    }
}

/// The libraries that stand between a program and its system, made or found once for a test.
struct DisturbanceTools {
    let unreliableRenames: FilePath
    let fakeTime: FilePath
    let clockFile: FilePath
    /// A byte for each rename or link that was done and reported as failed.
    let faultFile: FilePath

    /// Compiles the one, and finds the other where Debian puts it.
    init(in folder: FilePath) async throws {
        unreliableRenames = folder.appending("unreliable_renames.so")
        clockFile = folder.appending("clock")
        faultFile = folder.appending("faults")
        let source = Package.resources.appending("unreliable_renames.c")
        try await succeed(
            "/usr/bin/env",
            "clang",
            "-shared",
            "-fPIC",
            "-O1",
            "-o",
            unreliableRenames.string,
            source.string,
            "-ldl"
        )
        let found = try await succeed("/bin/sh", "-c", "ls /usr/lib/*/faketime/libfaketime.so.1")
        fakeTime = FilePath(found.line)
        try setClock(hours: 5)
    }

    /// How many renames and links were reported as failed so far.
    func faultCount() -> Int {
        (try? LocalFileSystem().contents(of: faultFile, limit: 1 << 20).count) ?? 0
    }

    /// Makes the wrong clocks jump.
    func setClock(hours: Int) throws {
        let text = "\(hours < 0 ? "" : "+")\(hours)h\n"
        try LocalFileSystem().overwrite(clockFile, contents: Array(text.utf8))
    }
}

/// Random numbers that a seed repeats (SplitMix64: Steele, Lea, Flood 2014).
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
