// SPDX-License-Identifier: MIT

public import SystemPackage

extension FilePath {
    /// The path of a name below this one, or of one further down.
    ///
    /// Joins all names at once: `appending` parses the whole path for each, which costs most of a call in debug builds.
    public func below(_ names: String...) -> FilePath {
        FilePath(([string] + names).joined(separator: "/"))
    }

    /// The path of the directory that an absolute path's last name is in.
    public var parent: FilePath {
        let bytes = string.utf8
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return removingLastComponent() }
        return slash == bytes.startIndex ? FilePath("/") : FilePath(String(Substring(bytes[..<slash])))
    }
}
