// SPDX-License-Identifier: MIT

private import Glibc
public import SystemPackage

/// The folder that relative paths start from.
public func currentDirectory() -> FilePath {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    guard unsafe getcwd(&buffer, buffer.count) != nil else { return FilePath("/") }
    return FilePath(platformString: buffer)
}

/// The number of processors that this process may run on.
public func processorCount() -> Int {
    max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
}
