// SPDX-License-Identifier: MIT

import JobStorage
import SystemPackage
import SystemSupport

/// The arrays that merged campaigns have given their users and that nobody has pruned since.
struct KeptArrays {
    let directory: JobDirectory
    let content: any CampaignContent

    /// Those of a campaign.
    ///
    /// The campaign's own pin tells them from arrays that were pruned, and that another campaign may be making anew; one
    /// with nothing but pins is pruned, and its campaign was submitted once more.
    func arrays(of campaign: CampaignID) throws(FileError) -> Set<FilePath> {
        var kept: Set<FilePath> = []
        for array in (try? content.arraysGiven(by: campaign)) ?? [] {
            guard try directory.users(of: array).contains(campaign),
                try directory.fileSystem.names(in: array).contains(where: { !JobDirectory.isArrayNote($0) })
            else { continue }
            kept.insert(array)
        }
        return kept
    }
}
