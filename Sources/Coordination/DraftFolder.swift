// SPDX-License-Identifier: MIT

internal import JobStorage
internal import SystemPackage
internal import SystemSupport

/// A private folder of the job directory, made when something is first drafted in it and gone with this value.
///
/// What a killed process leaves in it is removed with its folder, as all scratch is; nothing is left beside reports.
final class DraftFolder: Sendable {
    private let directory: JobDirectory
    private let name = Monitor<WorkerName?>(nil)

    init(_ directory: JobDirectory) {
        self.directory = directory
    }

    deinit {
        if let name = name.withLock({ $0 }) { try? directory.removeScratch(of: name) }
    }

    /// A name in it that nothing has.
    func newFile() throws(FileError) -> FilePath {
        let owner = try name.withLock { (name) throws(FileError) in
            if let name { return name }
            let identity = try directory.surroundings.identity()
            let made = WorkerName(identity, random: directory.surroundings.randomBits())
            try directory.makeScratch(of: made, identity: identity)
            name = made
            return made
        }
        return directory.scratch(of: owner).below("report-\(directory.surroundings.randomBits())")
    }
}
