// SPDX-License-Identifier: MIT

import JobStorage
import SystemPackage
import SystemSupport

/// Looks at the top of a job directory and in its folders of tokens for names that this program would not have written.
///
/// They do no harm, since they are passed over everywhere; but somebody put them there.
struct StrangerSearch {
    private let directory: JobDirectory

    init(_ directory: JobDirectory) {
        self.directory = directory
    }

    func problems() throws(FileError) -> [QueueProblem] {
        var problems: [QueueProblem] = []
        let top = try directory.fileSystem.names(inUserFolder: directory.root)
        for name in top where !JobDirectory.isOwnName(name) {
            problems.append(stranger(FilePath(name)))
        }
        for folder in TokenFolder.allCases {
            let path = FilePath(folder.rawValue)
            for name in try names(in: path) {
                guard let campaign = CampaignID(name) else {
                    problems.append(stranger(path.appending(name)))
                    continue
                }
                problems += try tokens(of: campaign, in: folder)
            }
        }
        return problems
    }

    private func tokens(of campaign: CampaignID, in folder: TokenFolder) throws(FileError) -> [QueueProblem] {
        var problems: [QueueProblem] = []
        let path = FilePath(folder.rawValue).appending(campaign.description)
        for name in try names(in: path) {
            guard BucketName(name) != nil else {
                problems.append(stranger(path.appending(name)))
                continue
            }
            let bucket = path.appending(name)
            for token in try names(in: bucket) where !isKnown(token, in: folder) {
                problems.append(stranger(bucket.appending(token)))
            }
        }
        return problems
    }

    private func isKnown(_ name: String, in folder: TokenFolder) -> Bool {
        TokenName(name, in: folder) != nil || (folder == .pending && JobDirectory.isBucketNote(name))
    }

    private func names(in folder: FilePath) throws(FileError) -> [String] {
        do throws(FileError) {
            return try directory.fileSystem.names(in: directory.root.pushing(folder)).sorted()
        } catch  where error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory {
            return []
        }
    }

    private func stranger(_ path: FilePath) -> QueueProblem {
        QueueProblem(.stranger, path: path, "not a name of this queue; it is passed over, remove it if you know it")
    }
}
