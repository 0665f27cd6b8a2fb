// SPDX-License-Identifier: MIT

internal import Campaigns
private import FoundationEssentials
internal import JobStorage
private import SystemPackage
private import SystemSupport

/// The files of a registered campaign besides its plan.
enum CampaignFiles {
    static let manifestName = "manifest.json"

    /// What a campaign's plan and report are made from.
    static func manifest(of campaign: CampaignID, in directory: JobDirectory) throws -> CampaignManifest {
        let file = directory.files(of: campaign).appending(manifestName)
        let bytes = try directory.fileSystem.contents(of: file, limit: 1 << 30)
        do {
            return try JSONDecoder().decode(CampaignManifest.self, from: Data(bytes))
        } catch {
            throw SubmissionError("\"\(file)\" is damaged: \(error)")
        }
    }
}
