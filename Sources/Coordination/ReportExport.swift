// SPDX-License-Identifier: MIT

internal import JobStorage
internal import SystemPackage
private import SystemSupport

/// A report in a folder that a user chose, written beside it or in it and moved when it is whole.
struct ReportExport {
    private let fileSystem: any FileSystem
    private let target: FilePath
    private let draft: FilePath
    /// Whether the folder is there already, so that files are moved into it.
    private let isPresent: Bool

    /// The folder to write the report in.
    let folder: ReportFolder

    /// Looks at the folder, and changes nothing.
    ///
    /// - Throws: `SubmissionError` where it can be no folder; `FileError` where the disk refuses.
    init(_ directory: JobDirectory, to target: FilePath) throws {
        fileSystem = directory.fileSystem
        self.target = target
        isPresent = try Self.isFolder(target, fileSystem)
        let place = isPresent ? target : target.removingLastComponent()
        draft = place.appending(".report-\(directory.platform.randomBits())")
        folder = ReportFolder(directory, draft)
    }

    private static func isFolder(_ path: FilePath, _ fileSystem: any FileSystem) throws -> Bool {
        do throws(FileError) {
            _ = try fileSystem.names(inUserFolder: path)
            return true
        } catch {
            switch error.errno {
            case .noSuchFileOrDirectory: return false
            case .notDirectory:
                throw SubmissionError("\"\(path)\" is a file, or below one; name a folder for the report")
            default: throw error
            }
        }
    }

    /// Writes the report and gives it its place; of one that could not be written, nothing stays.
    ///
    /// - Parameter body: writes into ``folder``, and gives the names of its files besides `SUCCESS.json`.
    /// - Throws: what the body throws; `FileError` where the disk refuses.
    func write(_ body: () throws -> [String]) throws {
        do {
            try fileSystem.makeDirectories(draft)
            let names = try body()
            if isPresent {
                try move(names)
            } else {
                try fileSystem.rename(draft, to: target)
                try fileSystem.synchronize(directory: target.removingLastComponent())
            }
        } catch {
            try? fileSystem.removeTree(draft)
            throw error
        }
    }

    /// Moves files over those of an earlier report, which is not complete meanwhile.
    private func move(_ names: [String]) throws(FileError) {
        let old = ReportFolder.file(MergedReport.name, below: target)
        if try fileSystem.isPresent(old) { try fileSystem.remove(old) }
        for name in names.sorted() + [MergedReport.name] {
            let file = ReportFolder.file(name, below: target)
            try fileSystem.makeDirectories(file.removingLastComponent())
            try fileSystem.rename(folder.file(name), to: file)
        }
        try fileSystem.synchronizeAll(holding: target)
        try fileSystem.removeTree(draft)
    }
}
