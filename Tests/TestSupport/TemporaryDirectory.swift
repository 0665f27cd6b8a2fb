// SPDX-License-Identifier: MIT

public import SystemPackage
private import SystemSupport

/// Runs a body with a directory of its own, which is removed afterwards.
public func withTemporaryDirectory<Result>(_ body: (FilePath) async throws -> Result) async throws -> Result {
    let directory = FilePath("/tmp/lucid-tests-\(UInt64.random(in: 0...(.max)))")
    try LocalFileSystem().makeDirectory(directory)
    defer { try? LocalFileSystem().removeTree(directory) }
    return try await body(directory)
}
