// SPDX-License-Identifier: MIT

internal import SystemPackage
private import SystemSupport

/// Lines on a campaign's images for people, of which the first are shown, and all stand in a file where there are more.
///
/// Such files lie beside the campaign file. Those that an earlier look wrote are known by their first line, and go; what a
/// user has under such a name stays, and another name is taken.
struct LongLists {
    /// What is told of images.
    enum Kind: String, CaseIterable {
        case unreadable, skipped, faulty
    }

    /// How many lines are shown.
    static let mostShown = 20
    /// How many names are tried.
    private static let mostNames = 9

    private let campaign: FilePath
    private let isWriting: Bool

    /// Lists beside a campaign file, which are written or only told of.
    init(beside campaign: FilePath, isWriting: Bool) {
        (self.campaign, self.isWriting) = (campaign, isWriting)
    }

    /// Removes what an earlier look wrote.
    func removeOld() {
        guard isWriting else { return }
        for kind in Kind.allCases {
            for file in files(kind) where begins(file, with: header(kind)) { try? LocalFileSystem().remove(file) }
        }
    }

    /// The first lines, indented, and where the others are.
    func shown(_ lines: [String], _ kind: Kind) -> String {
        let more =
            lines.count > Self.mostShown ? ["and \(lines.count - Self.mostShown) more; \(write(lines, kind))"] : []
        return (lines.prefix(Self.mostShown) + more).map { "\n  \($0)" }.joined()
    }

    private func write(_ lines: [String], _ kind: Kind) -> String {
        guard isWriting else { return "submit without --dry-run writes all to a file" }
        let contents = header(kind) + Array(lines.joined(separator: "\n").utf8) + [10]
        for file in files(kind) {
            do throws(FileError) {
                try LocalFileSystem().create(file, contents: contents, durably: false)
                return "all stand in \"\(file)\""
            } catch  where error.errno == .fileExists {
                continue
            } catch {
                return "there is no file of all: \(error)"
            }
        }
        return "there is no file of all, since other files have its names, \"\(files(kind)[0])\" and the like"
    }

    /// The names that a list may have, the best one first.
    private func files(_ kind: Kind) -> [FilePath] {
        let stem = "\(campaign.stem ?? "campaign").\(kind.rawValue)"
        return (1...Self.mostNames).map { number in
            campaign.removingLastComponent().appending(number == 1 ? "\(stem).txt" : "\(stem)-\(number).txt")
        }
    }

    /// The first line of a list, by which it is known.
    private func header(_ kind: Kind) -> [UInt8] {
        let name = campaign.lastComponent?.string ?? ""
        return Array(
            "# \(kind.rawValue) images of \(name), by lucid-coordinator submit, which replaces this file\n".utf8
        )
    }

    private func begins(_ file: FilePath, with header: [UInt8]) -> Bool {
        var isSame = false
        try? unsafe forEachPart(of: file, bufferSize: header.count) { part in
            isSame = unsafe part.elementsEqual(header)
            return false
        }
        return isSame
    }
}
