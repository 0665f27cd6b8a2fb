// SPDX-License-Identifier: MIT

internal import SystemPackage
private import SystemSupport

/// Where a path in a campaign file leads: from the file's folder on, or from the user's home where it begins with "~".
///
/// The path begins at the root, so that workers in other folders find it. A ".." stays as it is: behind a link to a folder
/// it leads elsewhere than the path's words say.
func path(_ text: String, beside file: FilePath) -> FilePath {
    absolute(file.removingLastComponent().pushing(FilePath(expandingHome(text))))
}

/// A path from the root.
func absolute(_ path: FilePath) -> FilePath {
    path.isAbsolute ? path : currentDirectory().pushing(path)
}
