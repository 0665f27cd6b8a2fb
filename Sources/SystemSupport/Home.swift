// SPDX-License-Identifier: MIT

/// A path with the user's home in the place of a "~" at its beginning, as a shell has it; other users' homes are not known.
public func expandingHome(_ text: String) -> String {
    guard text == "~" || text.hasPrefix("~/"), let home = environmentValue("HOME"), home.hasPrefix("/") else {
        return text
    }
    return home + text.dropFirst()
}
