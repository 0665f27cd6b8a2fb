// SPDX-License-Identifier: MIT

internal import JobStorage
internal import SystemPackage
internal import SystemSupport

/// A private folder of the job directory, made when something is first drafted in it and gone with this value.
///
/// What a killed process leaves in it is removed with its folder, as all scratch is; nothing is left beside reports.
final class DraftFolder: Sendable {
    private let directory: JobDirectory
    private let owner = Monitor<WorkerName?>(nil)

    init(_ directory: JobDirectory) {
        self.directory = directory
    }

    deinit {
        if let name = owner.withLock({ $0 }) { try? directory.removeScratch(of: name) }
    }

    /// A name in it that nothing has.
    func unusedName() throws(FileError) -> FilePath {
        let name = try owner.withLock { (owner) throws(FileError) in
            if let owner { return owner }
            let made = try directory.makeScratch(for: directory.platform.identity())
            owner = made
            return made
        }
        return directory.scratch(of: name).below("report-\(directory.platform.randomBits())")
    }
}
