// SPDX-License-Identifier: MIT

import Subprocess
import SystemPackage
import SystemSupport
import TestSupport
import Testing

/// What a process of its own made of weight files.
struct ProbeResult {
    /// Whether it refused each of them.
    let isRefused: [Bool]
    /// How many bytes of memory it took for them at most.
    let growth: Int
}

/// What the address sanitizer is told: with its own settings, what is freed would count as held for long.
private let sanitizerOptions =
    [environmentValue("ASAN_OPTIONS"), "quarantine_size_mb=1"].compactMap(\.self).joined(separator: ":")

/// Reads weight files in a process of its own, `weights-probe`, which is built beside the tests.
///
/// An error names the file that ended the process, which no file may do.
func readApart(_ files: [[UInt8]]) async throws -> ProbeResult {
    try await withTemporaryDirectory { folder in
        let batch = folder.appending("files")
        try LocalFileSystem().create(batch, contents: files.flatMap { littleEndian($0.count) + $0 }, durably: false)
        let result = try await Subprocess.run(
            .path(executablePath().removingLastComponent().appending("weights-probe")),
            arguments: [batch.string],
            environment: .inherit.updating(["ASAN_OPTIONS": sanitizerOptions]),
            output: .string(limit: files.count + 100),
            error: .string(limit: 1 << 20)
        )
        let words = result.standardOutput.split(whereSeparator: \.isWhitespace)
        let letters = words.first ?? ""
        try #require(
            result.terminationStatus.isSuccess && letters.count == files.count,
            "file \(letters.count) of \(files.count): \(result.terminationStatus) \(result.standardError)"
        )
        return ProbeResult(isRefused: letters.map { $0 == "x" }, growth: try #require(words.last.flatMap { Int($0) }))
    }
}
