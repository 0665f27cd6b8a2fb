// SPDX-License-Identifier: MIT

import Glibc
import SystemPackage
import SystemSupport

/// Puts a symbolic link, which the program itself never makes.
func makeSymbolicLink(at link: FilePath, to target: FilePath) throws {
    guard unsafe symlink(target.string, link.string) == 0 else {
        throw FileError("link", link, Errno(rawValue: errno))
    }
}
