// SPDX-License-Identifier: MIT

internal import SystemPackage
private import SystemSupport

/// Lines for people, of which the first are shown, and all stand in a file where there are more.
struct LongList {
    /// How many lines are shown.
    static let mostShown = 20

    /// Where all go: beside the campaign file, named after it and after what they tell.
    let file: FilePath

    /// Names the file after what its lines tell, a word.
    init(_ word: String, beside campaign: FilePath) {
        let stem = campaign.stem ?? "campaign"
        file = campaign.removingLastComponent().appending("\(stem).\(word).txt")
    }

    /// The first lines, indented, and where the others are.
    func shown(_ lines: [String]) -> String {
        let more = lines.count > Self.mostShown ? ["and \(lines.count - Self.mostShown) more; \(write(lines))"] : []
        return (lines.prefix(Self.mostShown) + more).map { "\n  \($0)" }.joined()
    }

    private func write(_ lines: [String]) -> String {
        do {
            try LocalFileSystem().overwrite(file, contents: Array(lines.joined(separator: "\n").utf8) + [10])
            return "all stand in \"\(file)\""
        } catch {
            return "there is no file of all: \(error)"
        }
    }
}
