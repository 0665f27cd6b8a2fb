// SPDX-License-Identifier: MIT

public import SystemPackage
private import SystemSupport

/// The interpreter with zarr, jsonschema and selenium that LUCID_PYTHON names, else the one that Deploy/setup makes.
///
/// - Throws: `MissingPython` where there is none, `FileError` where that cannot be seen.
public func python() throws -> FilePath {
    if let named = environmentValue("LUCID_PYTHON") { return FilePath(named) }
    let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
    let made = root.pushing(".build-python/bin/python3")
    guard try LocalFileSystem().isPresent(made) else { throw MissingPython() }
    return made
}

/// Tests need an interpreter that is not there.
public struct MissingPython: Error, CustomStringConvertible {
    /// What to do.
    public var description: String { "no Python for tests: run Deploy/setup --tests, or set LUCID_PYTHON" }
}
