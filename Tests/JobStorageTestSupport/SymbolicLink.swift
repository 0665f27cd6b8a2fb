// SPDX-License-Identifier: MIT

private import Glibc
public import SystemPackage
private import SystemSupport

/// Puts a symbolic link, which the program itself never makes.
public func makeSymbolicLink(at link: FilePath, to target: FilePath) throws {
    guard unsafe symlink(target.string, link.string) == 0 else {
        throw FileError("link", link, Errno(rawValue: errno))
    }
}
